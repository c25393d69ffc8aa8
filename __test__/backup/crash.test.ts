import { cpSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateKey, type Repository } from '../../ts/index.ts'
import { at, Crashed, Faulty, type When } from '../doubles/faulty.ts'
import { Memory } from '../doubles/memory.ts'
import { content } from '../seal/folder.ts'
import { all, key, testPlace } from './place.ts'
import { below, described } from './tree.ts'

const place = testPlace()
const { folder } = place
const WHEN: readonly When[] = ['before', 'after', 'partial']

interface Healthy {
  readonly sources: string
  /** Snapshots that were acknowledged. */
  readonly known: readonly string[]
  readonly stateDir: string
}

/** A copy of this machine's state, as it is now. */
function stateOf(state: string): string {
  const copy = folder.fresh()
  cpSync(state, copy, { recursive: true })
  return copy
}

/** A healthy backup and restore: everything is whole, and every snapshot that was there before is still there. */
async function provesHealthy(store: Memory, { sources, known, stateDir }: Healthy): Promise<void> {
  const repository = await place.open(store, { stateDir })
  const { id, complete } = await repository.backup(sources)
  expect(complete).toBe(true)
  const target = folder.fresh()
  await repository.restore(id, { to: target })
  expect(below(described(target), 'sources')).toEqual(described(sources))
  const ids = (await all(repository.snapshots())).map((snapshot) => snapshot.id)
  for (const snapshot of known) expect(ids).toContain(snapshot)
  expect(await repository.check({ read: 'all' })).toMatchObject({ ok: true, problems: [] })
  await repository.close()
}

describe.each(WHEN)('row 28, row 37: a destination that crashes %s a call', (when) => {
  it('of a creation leaves what the next creation finishes', async () => {
    for (let index = 0; ; index += 1) {
      const faulty = new Faulty(at(index, { kind: 'crash', when }))
      const outcome = await place.create(faulty, { stateDir: folder.fresh() }).catch((thrown: unknown) => thrown)
      if (faulty.calls.length <= index) break
      expect(outcome).toMatchObject({ code: 'INTERNAL', cause: expect.any(Crashed) })
      const state = folder.fresh()
      const again = await place.create(faulty.inner, { stateDir: state }).catch((thrown: unknown) => thrown)
      const isThere = again instanceof Error
      if (isThere) expect(again).toMatchObject({ code: 'OBJECT_EXISTS' })
      const repository = isThere ? await place.open(faulty.inner, { stateDir: state }) : (again as Repository)
      await repository.backup(place.sources({ 'a.txt': 'a' }))
    }
  })

  it('of a backup loses nothing, and the next one is whole', async () => {
    const sources = place.sources({ 'a.bin': content(1_200_000, 1), 'b.txt': 'b' })
    const store = new Memory()
    const first = await place.create(store)
    const known = [(await first.backup(sources)).id]
    await first.close()
    for (let index = 0, calls = 0; ; index += 1) {
      place.sources({ 'new.bin': content(300_000, index + 10) })
      const copy = store.copy()
      const stateDir = stateOf(place.state)
      const opened = new Faulty(() => undefined, copy)
      await (await place.open(opened, { stateDir })).close()
      calls = opened.calls.length
      const faulty = new Faulty(at(calls + index, { kind: 'crash', when }), copy)
      const repository = await place.open(faulty, { stateDir })
      const outcome = await repository.backup(sources).catch((thrown: unknown) => thrown)
      await repository.close()
      if (faulty.calls.length <= calls + index) {
        expect(outcome).toMatchObject({ complete: true })
        break
      }
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INTERNAL', cause: expect.any(Crashed) })
      await provesHealthy(copy, { sources, known, stateDir })
    }
  })

  it('of a restore harms nothing, and the next one is whole', async () => {
    const sources = place.sources({ 'a.bin': content(1_200_000, 1), 'b.txt': 'b' })
    const store = new Memory()
    const repository = await place.create(store)
    await repository.backup(sources)
    for (let index = 0; ; index += 1) {
      const opened = new Faulty(() => undefined, store)
      await (await place.open(opened)).close()
      const nth = opened.calls.length + index
      const faulty = new Faulty(at(nth, { kind: 'crash', when }), store)
      const crashing = await place.open(faulty)
      const target = folder.fresh()
      const outcome = await crashing.restore('latest', { to: target }).catch((thrown: unknown) => thrown)
      await crashing.close()
      if (faulty.calls.length <= nth) break
      // All bytes may have come before.
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INTERNAL', cause: expect.any(Crashed) })
      await repository.restore('latest', { to: target })
      expect(below(described(target), 'sources')).toEqual(described(sources))
    }
  })

  it('of a change of credentials leaves the old one, the new one or both, never none', async () => {
    const next = key
    const old = generateKey()
    for (let index = 0; ; index += 1) {
      const store = new Memory()
      await (await place.create(store, { to: old, stateDir: null })).close()
      const opened = new Faulty(() => undefined, store)
      await (await place.open(opened, { with: old, stateDir: null })).close()
      const nth = opened.calls.length + index
      const faulty = new Faulty(at(nth, { kind: 'crash', when }), store)
      const repository = await place.open(faulty, { with: old, stateDir: null })
      const outcome = await repository.credentials.change(old, next).catch((thrown: unknown) => thrown)
      await repository.close()
      if (faulty.calls.length <= nth) break
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INTERNAL' })
      await (await place.open(store, { with: [next, old], stateDir: null })).close()
    }
  })
})
