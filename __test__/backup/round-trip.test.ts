import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { localFolder, type Progress } from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'
import { runs } from '../project/property-runs.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { all, testPlace } from './place.ts'
import { below, described, makeAwkward } from './tree.ts'

const place = testPlace()
const { folder } = place

describe('a backup', () => {
  it('row 22, row 32, row 34: gives everything back: names, times, modes, lengths, links', async () => {
    const sources = folder.at('sources')
    makeAwkward(sources)
    const repository = await place.create(localFolder(folder.at('store')))
    const result = await repository.backup(sources)
    expect(result).toMatchObject({ complete: true, unread: [], notStored: [], warnings: [] })
    const before = described(sources)
    expect(result.snapshot.entries).toBe(Object.keys(before).length)
    const again = await place.open(localFolder(folder.at('store')))
    const restored = await again.restore('latest', { to: folder.at('restored') })
    expect(restored).toMatchObject({ complete: true, problems: [], kept: 0, warnings: [] })
    expect(restored.entries).toBe(Object.keys(before).length)
    expect(below(described(folder.at('restored')), 'sources')).toEqual(before)
  })

  it('restores any tree as it was', async () => {
    const name = fc.stringMatching(/^[^/\0]{1,12}$/).filter((text) => text !== '.' && text !== '..')
    const file = fc.uint8Array({ maxLength: 5000 })
    const { tree } = fc.letrec<{ tree: Tree; node: Tree | Uint8Array | string }>((tie) => ({
      tree: fc.dictionary(name, tie('node'), { maxKeys: 4, noNullPrototype: true }),
      node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, file, fc.stringMatching(/^[^\0]{1,30}$/), tie('tree')),
    }))
    const store = new Memory()
    const repository = await place.create(store)
    await fc.assert(
      fc.asyncProperty(tree, async (tree) => {
        const [sources, target] = [folder.fresh(), folder.fresh()]
        makeTree(sources, tree)
        const before = described(sources)
        const { id, snapshot } = await repository.backup({ path: sources, as: 'tree' })
        expect(snapshot.entries).toBe(Object.keys(before).length)
        await repository.restore(id, { to: target })
        expect(below(described(target), 'tree')).toEqual(before)
      }),
      { numRuns: runs(25) },
    )
  })

  it('costs only what changed', async () => {
    const sources = place.sources({ 'a.bin': content(2_000_000), 'b.bin': content(3_000_000, 2), 'c.txt': 'text' })
    const store = new Memory()
    const repository = await place.create(store)
    // What has just been changed may change once more within the same tick of the clock, and is read again.
    await wait(2100)
    const first = await repository.backup(sources)
    expect(first.files).toEqual({ new: 3, changed: 0, unchanged: 0 })
    expect(first.readBytes).toBe(5_000_004)
    expect(first.storedBytes).toBeGreaterThan(5_000_000)
    const second = await repository.backup(sources)
    expect(second).toMatchObject({ files: { new: 0, changed: 0, unchanged: 3 }, readBytes: 0 })
    expect(second.storedBytes).toBeLessThan(20_000)
    writeFileSync(`${sources}/c.txt`, 'other text')
    writeFileSync(`${sources}/d.txt`, 'new text')
    renameSync(`${sources}/a.bin`, `${sources}/renamed.bin`)
    const third = await repository.backup(sources)
    expect(third.files).toMatchObject({ new: 1, changed: 1 })
    expect(third.storedBytes).toBeLessThan(100_000)
    expect(third.snapshot.parent).toBe(second.id)
    const stored = [...store.objects.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)
    const stats = await repository.stats()
    expect(stats).toMatchObject({ snapshots: 3, storedBytes: stored, objects: store.objects.size, warnings: [] })
    expect(stats.contentBytes).toBe(5_000_004 + 5_000_004 + 5_000_018)
    expect(stats.blockBytes).toBeGreaterThanOrEqual(5_000_018)
    expect(stats.blockBytes).toBeLessThan(5_100_000)
  })

  it('reads everything again without state, and stores it once all the same', async () => {
    const sources = place.sources({ 'a.bin': content(2_000_000) })
    const repository = await place.create(new Memory(), { stateDir: null })
    await repository.backup(sources)
    const second = await repository.backup(sources)
    expect(second.readBytes).toBe(2_000_000)
    expect(second.storedBytes).toBeLessThan(20_000)
  })

  it('stores nothing when it is a dry run, and says what it would do', async () => {
    const sources = place.sources({ 'a.bin': content(2_000_000) })
    const store = new Memory()
    const repository = await place.create(store)
    const before = [...store.objects.keys()]
    const dry = await repository.backup(sources, { dryRun: true })
    expect([...store.objects.keys()]).toEqual(before)
    expect(await all(repository.snapshots())).toEqual([])
    const real = await repository.backup(sources)
    expect(dry.files).toEqual(real.files)
    expect(dry.readBytes).toBe(real.readBytes)
    expect(Math.abs(dry.storedBytes - real.storedBytes)).toBeLessThan(10_000)
  })

  it('leaves out what is excluded, and keeps tags and host', async () => {
    const sources = place.sources({
      'keep.txt': '',
      'drop.tmp': '',
      'cache/x': '',
      'deep/cache/x': '',
      'deep/a.tmp': '',
    })
    const repository = await place.create()
    const how = { exclude: ['*.tmp', 'sources/cache/'], tags: ['nightly', 'ü'], host: 'elsewhere', compress: false }
    const { snapshot } = await repository.backup(sources, how)
    expect(snapshot).toMatchObject({ tags: ['nightly', 'ü'], host: 'elsewhere', sources: ['sources'], complete: true })
    const names = (await all(repository.list('latest'))).map(({ path }) => path)
    expect(names).toEqual(['sources', 'sources/deep', 'sources/deep/cache', 'sources/deep/cache/x', 'sources/keep.txt'])
  })

  it('leaves out its own destination and state', async () => {
    const sources = place.sources({ 'a.txt': 'a' })
    mkdirSync(`${sources}/inside`)
    symlinkSync(sources, folder.at('link'))
    const store = localFolder(folder.at('link/inside/store'))
    const repository = await place.create(store, { stateDir: folder.at('link/inside/state') })
    for (let round = 0; round < 2; round += 1) {
      const { snapshot } = await repository.backup(sources)
      expect(snapshot).toMatchObject({ entries: 3, bytes: 1 })
    }
  })

  it('reports sockets and pipes, and is complete without them', async () => {
    const sources = place.sources({ 'a.txt': 'a' })
    execFileSync('mkfifo', [`${sources}/pipe`])
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(`${sources}/socket`, resolve))
    try {
      const repository = await place.create()
      const result = await repository.backup(sources)
      expect(result).toMatchObject({ complete: true, unread: [] })
      expect(result.notStored.map(({ path, kind }) => [path, kind])).toEqual([
        ['sources/pipe', 'special'],
        ['sources/socket', 'special'],
      ])
    } finally {
      server.close()
    }
  })

  it('says what it could not read, and is incomplete; what is whole restores', async () => {
    const sources = place.sources({ 'a.txt': 'a' })
    const repository = await place.create()
    const result = await repository.backup([sources, folder.at('missing')])
    expect(result.complete).toBe(false)
    expect(result.snapshot.complete).toBe(false)
    expect(result.unread).toHaveLength(1)
    expect(result.unread[0]).toMatchObject({
      path: 'missing',
      kind: 'unreadable',
      error: { code: 'SOURCE_UNREADABLE' },
    })
    expect(result.unread[0]?.error.details).toMatchObject({ path: 'missing' })
    expect(await rejectionOf(repository.restore('latest', { to: folder.fresh() }))).toMatchObject({
      code: 'SNAPSHOT_MISSING',
    })
    await repository.restore(result.id, { to: folder.at('restored') })
    expect(readFileSync(folder.at('restored/sources/a.txt'), 'utf8')).toBe('a')
  })

  it('of nothing but what cannot be read is a failure', async () => {
    const repository = await place.create()
    const failure = await rejectionOf(repository.backup(folder.at('missing')))
    expect(failure).toMatchObject({ name: 'FileError', code: 'SOURCE_UNREADABLE' })
    expect(await all(repository.snapshots())).toEqual([])
  })

  it('reports progress that never falls, counts files, and ends with done', async () => {
    const sources = place.sources(
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}`, content(500_000, n)])),
    )
    const repository = await place.create()
    for (const work of [
      (onProgress: (progress: Progress) => void) => repository.backup(sources, { onProgress }),
      (onProgress: (progress: Progress) => void) => repository.restore('latest', { to: folder.fresh(), onProgress }),
    ]) {
      const reports: Progress[] = []
      await work((progress) => reports.push(progress))
      for (const [index, { bytes, total = Number.POSITIVE_INFINITY, files = 0 }] of reports.entries()) {
        expect(bytes).toBeGreaterThanOrEqual(reports[index - 1]?.bytes ?? 0)
        expect(files).toBeGreaterThanOrEqual(reports[index - 1]?.files ?? 0)
        expect(bytes).toBeLessThanOrEqual(total)
      }
      expect(reports.at(-1)).toMatchObject({ phase: 'done', bytes: 20_000_000, total: 20_000_000, files: 40 })
    }
  })

  it('waits for another one of the same repository', async () => {
    const repository = await place.create()
    const sources = place.sources({ 'a.bin': content(3_000_000) })
    const results = await Promise.all([repository.backup(sources), repository.backup(sources), repository.stats()])
    expect(results[1].snapshot.sequence).toBe(results[0].snapshot.sequence + 1)
    const stop = new Error('enough')
    const first = repository.backup(sources)
    const second = repository.backup(sources, { signal: AbortSignal.abort(stop) })
    await expect(second).rejects.toBe(stop)
    await first
  })

  it('locks out another one that shares its state, also in this process', async () => {
    const store = new Memory()
    const [one, other] = [await place.create(store), await place.open(store)]
    const sources = place.sources({ 'a.txt': 'a' })
    let refused: unknown
    const open = async function* (): AsyncGenerator<Uint8Array> {
      refused = await rejectionOf(other.backup(sources))
      yield Buffer.from('x')
    }
    await one.backup({ name: 'holds the lock', open })
    expect(refused).toMatchObject({ name: 'AvailabilityError', code: 'LOCKED', retryable: true })
    await other.backup(sources)
    expect(await all(one.snapshots())).toHaveLength(2)
  })

  it('takes arguments of the right types only', async () => {
    const repository = await place.create()
    const calls = [
      () => repository.backup([]),
      () => repository.backup(7 as never),
      () => repository.backup({ name: 'x', open: 'x' } as never),
      () => repository.backup({ name: 'a/b', open: async function* () {} }),
      () => repository.backup({ path: '.', as: 7 } as never),
      () => repository.backup('.', { exclude: '*.tmp' as never }),
      () => repository.backup('.', { exclude: ['['] }),
      () => repository.backup('.', { compress: 'yes' as never }),
      () => repository.restore('latest', {} as never),
      () => repository.restore(7 as never, { to: folder.fresh() }),
      () => repository.restore('latest', { to: folder.fresh(), overwrite: true as never }),
      () => repository.check({ read: '0%' }),
      () => repository.check({ read: '101%' }),
      () => repository.check({ read: 'some' as never }),
      () => repository.backup('.', { signal: 7 as never }),
      () => repository.backup('.', null as never),
      () => repository.stats({ signal: {} as never }),
      () => all(repository.snapshots(null as never)),
      () => all(repository.list('latest', { signal: 7 as never })),
      () => all(repository.find([])),
    ]
    for (const call of calls) {
      expect(await rejectionOf(call()), call.toString()).toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  it('is nothing for a repository that is closed', async () => {
    const repository = await place.create()
    await repository.close()
    await repository.close()
    const calls = [
      () => repository.backup('.'),
      () => all(repository.snapshots()),
      () => all(repository.list('latest')),
      () => repository.restore('latest', { to: folder.fresh() }),
      () => repository.openFile('latest', 'x'),
      () => repository.check(),
      () => repository.stats(),
      () => repository.credentials.list(),
    ]
    for (const call of calls) expect(await rejectionOf(call())).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

interface Tree {
  readonly [name: string]: Tree | Uint8Array | string
}

/** Folders, files of these bytes, and links to these texts. */
function makeTree(path: string, tree: Tree): void {
  mkdirSync(path)
  for (const [name, what] of Object.entries(tree)) {
    if (typeof what === 'string') symlinkSync(what, `${path}/${name}`)
    else if (what instanceof Uint8Array) writeFileSync(`${path}/${name}`, what)
    else makeTree(`${path}/${name}`, what)
  }
}
