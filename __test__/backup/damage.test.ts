import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { all, testPlace } from './place.ts'

const place = testPlace()
const { folder } = place

/** A repository of two snapshots, each with a pack of its own. */
async function backedUp(): Promise<{ store: Memory; repository: Repository; ids: string[] }> {
  const store = new Memory()
  const repository = await place.create(store)
  const sources = place.sources({ 'a.bin': content(400_000, 1), 'b.bin': content(300_000, 2) })
  const first = await repository.backup(sources)
  place.sources({ 'c.bin': content(500_000, 3) })
  const second = await repository.backup(sources)
  return { store, repository, ids: [first.id, second.id] }
}

function names(store: Memory, kind: string): string[] {
  return [...store.objects.keys()].filter((name) => name.includes(`/${kind}/`))
}

function flipped(bytes: Uint8Array, at = bytes.length >> 1): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

describe('a check', () => {
  it('of a sound backup finds nothing, however thorough', async () => {
    const { store, repository } = await backedUp()
    expect(await repository.check()).toEqual({ ok: true, snapshots: 2, packs: 0, bytes: 0, problems: [] })
    const report = await repository.check({ read: 'all' })
    const packs = names(store, 'packs')
    const bytes = packs.reduce((sum, name) => sum + store.bytes(name).length, 0)
    expect(report).toEqual({ ok: true, snapshots: 2, packs: packs.length, bytes, problems: [] })
    expect((await repository.check({ read: '100%' })).packs).toBe(packs.length)
    expect((await repository.check({ read: '0.01%' })).packs).toBeLessThanOrEqual(packs.length)
  })

  it('row 45, row 46: names every object that has a flipped byte, is cut, or is gone', async () => {
    const { store, repository } = await backedUp()
    for (const [name, { bytes, modified }] of [...store.objects]) {
      const isSealed = name.endsWith('.age')
      const changes = { flipped: flipped(bytes), cut: bytes.slice(0, -1), gone: undefined }
      for (const [how, damaged] of Object.entries(changes)) {
        if (damaged === undefined) store.objects.delete(name)
        else store.plant(name, damaged, modified)
        const outcome = await repository.check({ read: 'all' }).catch((failure: unknown) => failure)
        const said =
          outcome instanceof Error ? [outcome] : (outcome as Awaited<ReturnType<Repository['check']>>).problems
        const isSlotOrRecord = /keyring|complete/.test(name)
        // Who can still get in needs no other slot, and an index only says what the packs say, too.
        const isNoLoss = how === 'gone' && /keyring|indexes/.test(name)
        if (!isNoLoss) expect(said, `${name} ${how}`).not.toEqual([])
        if (isSealed && how === 'flipped' && !isSlotOrRecord) {
          expect(said.map((error) => (error as { details?: { object?: string } }).details?.object)).toContain(name)
        }
        store.plant(name, bytes, modified)
      }
    }
    expect((await repository.check({ read: 'all' })).ok).toBe(true)
  })
})

describe('a restore from a damaged backup', () => {
  it('row 45: fails before the first byte where a pack is gone, and gives what there is when told to', async () => {
    const { store, repository, ids } = await backedUp()
    const [first = ''] = ids
    const packs = names(store, 'packs')
    const before = new Map(store.objects)
    const older = new Set<string>()
    // The packs of the first snapshot are those that it does not restore without.
    for (const pack of packs) {
      store.objects.delete(pack)
      const target = folder.fresh()
      const outcome = await repository.restore(first, { to: target }).catch((failure: unknown) => failure)
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ name: 'IntegrityError', code: 'BLOCK_MISSING', safe: true })
        expect(() => readFileSync(target)).toThrow('ENOENT')
        older.add(pack)
      }
      store.objects.set(pack, before.get(pack) as never)
    }
    expect(older.size).toBeGreaterThan(0)
    expect(older.size).toBeLessThan(packs.length)
    const [newer = ''] = packs.filter((pack) => !older.has(pack))
    store.objects.delete(newer)
    const target = folder.fresh()
    const partial = await repository
      .restore(ids[1] ?? '', { to: target, partial: true })
      .catch((error: unknown) => error)
    if (partial instanceof Error) {
      expect(partial).toMatchObject({ name: 'IntegrityError' })
    } else {
      const { complete, problems } = partial as Awaited<ReturnType<Repository['restore']>>
      expect(complete).toBe(false)
      expect(problems.length).toBeGreaterThan(0)
    }
    await repository.restore(first, { to: folder.fresh() })
  })

  it('row 45: a damaged file is named, and the others are restored', async () => {
    const store = new Memory()
    const repository = await place.create(store)
    // Two backups, so that each file has a pack of its own and the pages of the second name both.
    const sources = place.sources({ 'a.bin': content(2_000_000, 1) })
    await repository.backup(sources)
    const old = new Set(names(store, 'packs'))
    place.sources({ 'b.bin': content(2_000_000, 2) })
    await repository.backup(sources)
    const [pack = ''] = [...old].filter((name) => store.bytes(name).length > 1_000_000)
    store.plant(pack, flipped(store.bytes(pack)))
    const failure = await rejectionOf(repository.restore('latest', { to: folder.fresh() }))
    expect(failure).toMatchObject({ name: 'IntegrityError', safe: false })
    const target = folder.fresh()
    const result = await repository.restore('latest', { to: target, partial: true })
    expect(result.complete).toBe(false)
    expect(result.problems.map(({ details }) => details)).toContainEqual(
      expect.objectContaining({ path: 'sources/a.bin' }),
    )
    expect(readFileSync(`${target}/sources/b.bin`).equals(content(2_000_000, 2))).toBe(true)
    expect(() => readFileSync(`${target}/sources/a.bin`)).toThrow('ENOENT')
    const file = await repository.openFile('latest', 'sources/a.bin')
    expect(await rejectionOf(file.read(900_000, 300_000))).toMatchObject({ name: 'IntegrityError' })
  })

  it('says what it noticed and could do without', async () => {
    const { store, repository } = await backedUp()
    for (const index of names(store, 'indexes')) store.plant(index, flipped(store.bytes(index)))
    const result = await repository.restore('latest', { to: folder.fresh() })
    expect(result.complete).toBe(true)
    expect(result.warnings.map(({ code }) => code)).toContain('OBJECT_MISMATCH')
    const { object } = { object: '', ...result.warnings[0]?.details }
    expect(names(store, 'indexes')).toContain(object)
  })

  it('refuses the latest while a snapshot is damaged, lists the others, and takes one by its id', async () => {
    const { store, ids } = await backedUp()
    const [name = ''] = names(store, 'snapshots').sort()
    store.plant(name, flipped(store.bytes(name)))
    const repository = await place.open(store)
    expect(await rejectionOf(repository.restore('latest', { to: folder.fresh() }))).toMatchObject({
      code: 'OBJECT_MISMATCH',
      details: { object: name },
    })
    const seen: string[] = []
    const listing = (async () => {
      for await (const { id } of repository.snapshots()) seen.push(id)
    })()
    expect(await rejectionOf(listing)).toMatchObject({ code: 'OBJECT_MISMATCH', details: { object: name } })
    expect(seen).toHaveLength(1)
    expect(ids).toContain(seen[0])
    await repository.restore(seen[0] ?? '', { to: folder.fresh() })
  })

  it.each([
    ['gone', (path: string): void => rmSync(path)],
    ['cut', (path: string): void => writeFileSync(path, readFileSync(path).subarray(0, 20))],
    ['damaged', (path: string): void => writeFileSync(path, flipped(readFileSync(path)))],
    ['of another program', (path: string): void => writeFileSync(path, '{"version":99}\n')],
  ])('row 46: does without this machine state that is %s', async (_, spoil) => {
    const { repository, store } = await backedUp()
    await repository.close()
    const files = readdirSync(place.state, { recursive: true, encoding: 'utf8' }).map(
      (name) => `${place.state}/${name}`,
    )
    const kept = files.filter((path) => statSync(path).isFile())
    expect(kept.length).toBeGreaterThan(2)
    kept.forEach(spoil)
    const again = await place.open(store)
    const sources = folder.at('sources')
    const { storedBytes } = await again.backup(sources)
    expect(storedBytes).toBeLessThan(50_000)
    expect(await all(again.snapshots())).toHaveLength(3)
  })
})
