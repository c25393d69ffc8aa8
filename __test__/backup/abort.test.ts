import { getEventListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { generateKey, openRepository, password, type Repository } from '../../ts/index.ts'
import { at, Faulty } from '../doubles/faulty.ts'
import { Memory } from '../doubles/memory.ts'
import { content } from '../seal/folder.ts'
import { all, impatient, key, testPlace } from './place.ts'

const place = testPlace()
const { folder } = place
const stop = { not: 'even an error' }

/** A repository with one snapshot. */
async function backedUp(): Promise<{ store: Memory; sources: string }> {
  const store = new Memory()
  const sources = place.sources({ 'a.bin': content(3_000_000), 'b.txt': 'b' })
  const repository = await place.create(store)
  await repository.backup(sources)
  return { store, sources }
}

/** Everything that a repository can be asked for, and takes a signal. */
function calls(repository: Repository, sources: string): ((signal: AbortSignal) => Promise<unknown>)[] {
  return [
    (signal) => repository.backup([sources, { name: 'extra', open: async function* () {} }], { signal }),
    (signal) => all(repository.snapshots({ signal })),
    (signal) => all(repository.list('latest', { signal })),
    (signal) => all(repository.find('*', { signal })),
    (signal) => all(repository.diff('latest', 'latest', { signal })),
    (signal) => repository.restore('latest', { to: folder.fresh(), signal }),
    (signal) =>
      repository.openFile('latest', 'sources/a.bin', { signal }).then((file) => file.read(0, 3_000_000, { signal })),
    (signal) => repository.check({ read: 'all', signal }),
    (signal) => repository.stats({ signal }),
    (signal) => repository.credentials.list({ signal }),
    (signal) => repository.credentials.add(generateKey(), { signal }),
  ]
}

describe('row 29: a call on a repository', () => {
  it('that was aborted before does nothing', async () => {
    const { store, sources } = await backedUp()
    const faulty = new Faulty(() => undefined, store)
    const repository = await place.open(faulty)
    const before = faulty.calls.length
    const signal = AbortSignal.abort(stop)
    for (const call of calls(repository, sources)) await expect(call(signal)).rejects.toBe(stop)
    expect(faulty.calls).toHaveLength(before)
    await expect(place.open(store, { signal })).rejects.toBe(stop)
    await expect(place.create(new Memory(), { signal })).rejects.toBe(stop)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends at once, wherever the destination hangs, and hands it the signal', async () => {
    const { store, sources } = await backedUp()
    for (const number of Array.from({ length: calls({} as Repository, '').length }, (_, index) => index)) {
      for (let index = 0; ; index += 1) {
        let hung = false
        const controller = new AbortController()
        let armed = false
        let count = 0
        const faulty = new Faulty(() => {
          if (!armed || count++ !== index) return undefined
          hung = true
          setTimeout(() => controller.abort(stop), 1)
          return { kind: 'stall' }
        }, store.copy())
        const repository = await place.open(faulty, { stateDir: null })
        armed = true
        const call = calls(repository, sources)[number]
        const outcome = await call?.(controller.signal).then(
          () => 'done',
          (thrown: unknown) => thrown,
        )
        await repository.close()
        expect(getEventListeners(controller.signal, 'abort')).toEqual([])
        if (!hung) {
          expect(outcome).toBe('done')
          break
        }
        expect(outcome, `${call} at call ${index}`).toBe(stop)
      }
    }
  })

  it('that hangs while it opens ends at once', async () => {
    const { store } = await backedUp()
    for (let index = 0; ; index += 1) {
      const controller = new AbortController()
      const faulty = new Faulty(at(index, { kind: 'stall' }), store)
      const opening = place.open(faulty, { signal: controller.signal })
      setTimeout(() => controller.abort(stop), 30)
      const outcome = await opening.then(
        () => 'open',
        (thrown: unknown) => thrown,
      )
      if (faulty.calls.length <= index) break
      expect(outcome).toBe(stop)
    }
  })

  it('while a key is derived ends, and the next one works', async () => {
    const store = new Memory()
    const secret = password('correct horse', { cost: 'interactive' })
    await place.create(store, { to: [secret, key] })
    const controller = new AbortController()
    const opening = place.open(store, { with: secret, signal: controller.signal })
    setTimeout(() => controller.abort(stop), 20)
    await opening.then(
      (open) => expect(open.isProtected).toBe(true),
      (thrown: unknown) => expect(thrown).toBe(stop),
    )
    await place.open(store, { with: secret })
  })

  it('whose progress callback throws rejects with that', async () => {
    const { store, sources } = await backedUp()
    const slow = new Faulty(() => ({ kind: 'slow', ms: 30 }), store)
    const repository = await place.open(slow)
    const broken = new Error('broken callback')
    const onProgress = (): never => {
      throw broken
    }
    await expect(repository.check({ read: 'all', onProgress })).rejects.toBe(broken)
    await expect(repository.restore('latest', { to: folder.fresh(), onProgress })).rejects.toBe(broken)
    await expect(repository.backup(sources, { onProgress })).rejects.toBe(broken)
    await repository.backup(sources)
  })

  it('does not disturb another one at the same time', async () => {
    const { store, sources } = await backedUp()
    const slow = new Faulty(() => ({ kind: 'slow', ms: 10 }), store)
    const repository = await place.open(slow)
    const controller = new AbortController()
    const doomed = [
      repository.check({ read: 'all', signal: controller.signal }),
      repository.stats({ signal: controller.signal }),
    ]
    const others = [repository.backup(sources), repository.restore('latest', { to: folder.fresh() })]
    await wait(15)
    controller.abort(stop)
    for (const call of doomed) await expect(call).rejects.toBe(stop)
    await Promise.all(others)
  })

  it('leaves no listener on a signal that is used for many', async () => {
    const { store } = await backedUp()
    const repository = await openRepository(impatient(store), { with: key, stateDir: null })
    const { signal } = new AbortController()
    for (let round = 0; round < 50; round += 1) await repository.stats({ signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await repository.close()
  })
})
