import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inTreeOrder } from '../../ts/backup/diff.ts'
import { Memory } from '../doubles/memory.ts'
import { runs } from '../project/property-runs.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { all, testPlace } from './place.ts'
import { makeAwkward } from './tree.ts'

const place = testPlace()
const { folder } = place

describe('the list of snapshots', () => {
  it('has all of them, newest first, and what is known of each', async () => {
    const sources = place.sources({ 'a.txt': 'a' })
    const repository = await place.create()
    const before = Math.floor(Date.now() / 1000) * 1000
    const first = await repository.backup(sources, { tags: ['one'] })
    writeFileSync(`${sources}/b.txt`, 'bb')
    const second = await repository.backup(sources)
    const found = await all(repository.snapshots())
    expect(found).toEqual([second.snapshot, first.snapshot])
    expect(found.map(({ sequence }) => sequence)).toEqual([2, 1])
    expect(found[0]).toMatchObject({ parent: first.id, entries: 3, bytes: 3, complete: true })
    expect(found[1]).not.toHaveProperty('parent')
    expect(found[1]?.time.getTime()).toBeGreaterThanOrEqual(before)
    expect(found[1]?.id).toMatch(/^[0-9a-f]{32}$/)
    const elsewhere = await place.create(new Memory())
    expect(await all(elsewhere.snapshots())).toEqual([])
  })
})

describe('the list of entries', () => {
  it('has every one, with paths to the byte', async () => {
    const sources = folder.at('sources')
    makeAwkward(sources)
    const repository = await place.create()
    const { snapshot } = await repository.backup(sources)
    const entries = await all(repository.list(snapshot))
    expect(entries).toHaveLength(snapshot.entries)
    const paths = entries.map(({ pathBytes }) => Buffer.from(pathBytes))
    expect([...paths].sort((one, other) => inTreeOrder(one, other))).toEqual(paths)
    const odd = entries.find(
      ({ pathBytes }) => Buffer.from(pathBytes).includes(0xff) && !Buffer.from(pathBytes).includes('to'),
    )
    expect(odd).toMatchObject({ kind: 'file', size: 4, path: expect.stringContaining('\ufffd') })
    const single = await all(repository.list(snapshot, { path: odd?.pathBytes ?? '' }))
    expect(single).toEqual([odd])
    expect(entries.find(({ path }) => path === 'sources/dangling')).toMatchObject({
      kind: 'symlink',
      target: 'nowhere',
      size: 0,
    })
    expect(entries.find(({ path }) => path === 'sources/program')).toMatchObject({ kind: 'file', mode: 0o755 })
    expect(entries.find(({ path }) => path === 'sources/before 1970')).toMatchObject({
      modified: new Date(-1_000_000_250),
      modifiedNanos: 750_000_000,
    })
  })

  it('can be of one folder, and be left at any time', async () => {
    const sources = place.sources({ 'a/b/c.txt': '', 'a/d.txt': '', 'ab.txt': '', 'a.txt': '' })
    const repository = await place.create()
    await repository.backup(sources)
    const below = await all(repository.list('latest', { path: 'sources/a' }))
    expect(below.map(({ path }) => path)).toEqual(['sources/a', 'sources/a/b', 'sources/a/b/c.txt', 'sources/a/d.txt'])
    for await (const { path } of repository.list('latest')) {
      expect(path).toBe('sources')
      break
    }
    expect(await rejectionOf(all(repository.list('latest', { path: 'sources/missing' })))).toMatchObject({
      name: 'UsageError',
    })
    const stop = new Error('enough')
    await expect(all(repository.list('latest', { signal: AbortSignal.abort(stop) }))).rejects.toBe(stop)
  })

  it('is of thousands as well', async () => {
    const files = Object.fromEntries(Array.from({ length: 2500 }, (_, n) => [`f${n}`, '']))
    const repository = await place.create()
    await repository.backup(place.sources(files))
    const names = (await all(repository.list('latest'))).map(({ path }) => path)
    expect(names).toHaveLength(2501)
    expect(new Set(names).size).toBe(2501)
  })
})

describe('find', () => {
  it('looks in all snapshots or in one, by patterns of names and paths', async () => {
    const sources = place.sources({ 'a.jpg': '', 'deep/b.jpg': '', 'deep/c.png': '', 'x.txt': '' })
    const repository = await place.create()
    const first = await repository.backup(sources)
    rmSync(`${sources}/a.jpg`)
    const second = await repository.backup(sources)
    const found = await all(repository.find('*.jpg'))
    expect(found.map(({ path, snapshot }) => [path, snapshot.sequence])).toEqual([
      ['sources/deep/b.jpg', 2],
      ['sources/a.jpg', 1],
      ['sources/deep/b.jpg', 1],
    ])
    expect(found[0]?.snapshot).toEqual(second.snapshot)
    const inOne = await all(repository.find(['*.png', 'sources/a.*'], { snapshot: first.snapshot }))
    expect(inOne.map(({ path }) => path)).toEqual(['sources/a.jpg', 'sources/deep/c.png'])
    expect((await all(repository.find('*.png', { snapshot: 'latest' })))[0]?.snapshot).toEqual(second.snapshot)
    expect(await all(repository.find('*.gif'))).toEqual([])
  })
})

describe('diff', () => {
  it('tells what was added, removed, changed, and touched', async () => {
    const sources = place.sources({ same: 'same', gone: '', changed: 'one', touched: 'x', 'a/b': '', kind: '' })
    symlinkSync('one', `${sources}/link`)
    for (const name of ['', '/a']) utimesSync(`${sources}${name}`, 1, 1)
    const repository = await place.create()
    const before = await repository.backup(sources)
    rmSync(`${sources}/gone`)
    rmSync(`${sources}/kind`)
    rmSync(`${sources}/link`)
    mkdirSync(`${sources}/kind`)
    symlinkSync('two', `${sources}/link`)
    writeFileSync(`${sources}/changed`, 'two')
    writeFileSync(`${sources}/new`, '')
    writeFileSync(`${sources}/a.b`, '')
    utimesSync(`${sources}/touched`, 1, 1)
    utimesSync(sources, 1, 1)
    const after = await repository.backup(sources)
    const differences = await all(repository.diff(before.id, after.snapshot))
    expect(differences.map(({ path, change }) => [path, change])).toEqual([
      ['sources/a.b', 'added'],
      ['sources/changed', 'changed'],
      ['sources/gone', 'removed'],
      ['sources/kind', 'changed'],
      ['sources/link', 'changed'],
      ['sources/new', 'added'],
      ['sources/touched', 'metadata'],
    ])
    expect(differences[1]).toMatchObject({ before: { size: 3 }, after: { size: 3 } })
    expect(differences[0]).not.toHaveProperty('before')
    expect(differences[2]).not.toHaveProperty('after')
    expect(await all(repository.diff('latest', after.id))).toEqual([])
    const back = await all(repository.diff(after.id, before.id))
    const opposite = { added: 'removed', removed: 'added', changed: 'changed', metadata: 'metadata' }
    expect(back.map(({ path, change }) => [path, opposite[change]])).toEqual(
      differences.map(({ path, change }) => [path, change]),
    )
  })

  test.prop([fc.array(fc.stringMatching(/^[a-c./]{1,6}$/))])('compares in the order of the tree', (paths) => {
    const order = (path: string): string => path.replaceAll('/', '\0')
    const byText = [...paths].sort((one, other) => (order(one) < order(other) ? -1 : 1))
    const byBytes = [...paths].sort((one, other) => inTreeOrder(Buffer.from(one), Buffer.from(other)))
    expect(byBytes).toEqual(byText)
  })
})

describe('a file that is read at any offset', () => {
  it('gives the bytes of the original', async () => {
    const original = content(5_000_123)
    const sources = place.sources({ 'a.bin': original, empty: '' })
    const repository = await place.create()
    await repository.backup(sources)
    await using file = await repository.openFile('latest', 'sources/a.bin')
    expect(file.size).toBe(original.length)
    await fc.assert(
      fc.asyncProperty(fc.nat(5_100_000), fc.nat(3_000_000), async (offset, length) => {
        const bytes = await file.read(offset, length)
        expect(Buffer.from(bytes).equals(original.subarray(offset, offset + length))).toBe(true)
      }),
      { numRuns: runs(30) },
    )
    expect(Buffer.from(await file.read(0, Number.MAX_SAFE_INTEGER)).equals(original)).toBe(true)
    await using empty = await repository.openFile('latest', Buffer.from('sources/empty'))
    expect(await empty.read(0, 10)).toHaveLength(0)
    expect(await new Response(empty.stream() as never).arrayBuffer()).toEqual(new ArrayBuffer(0))
  })

  it('is read in more than one call when much is asked for, also of a database and of many blocks', async () => {
    const path = place.sources({ 'large.bin': '' })
    writeFileSync(`${path}/like.db`, Buffer.concat([Buffer.from('SQLite format 3\0'), content(300_000)]))
    truncateSync(`${path}/large.bin`, 70 * 1_048_576 + 3)
    const repository = await place.create()
    await repository.backup(`${path}/large.bin`)
    await using file = await repository.openFile('latest', 'large.bin')
    const bytes = await file.read(50 * 1_048_576 - 1, 20 * 1_048_576)
    expect(bytes).toHaveLength(20 * 1_048_576)
    expect(bytes.some((byte) => byte !== 0)).toBe(false)
  })

  it('is a stream, of a part as well, with both ends included', async () => {
    const original = content(3_000_000)
    const repository = await place.create()
    await repository.backup(place.sources({ 'a.bin': original }))
    const file = await repository.openFile('latest', 'sources/a.bin')
    const collected = async (stream: ReadableStream<Uint8Array>): Promise<Buffer> =>
      Buffer.from(await new Response(stream as never).arrayBuffer())
    expect((await collected(file.stream())).equals(original)).toBe(true)
    for (const [start, end] of [
      [0, 0],
      [7, 1_048_576],
      [1_048_575, 1_048_576],
      [2_999_999, 2_999_999],
      [5, 9e9],
      [9e9, 9e9 + 1],
    ] as const) {
      expect((await collected(file.stream({ start, end }))).equals(original.subarray(start, end + 1)), `${start}`).toBe(
        true,
      )
    }
    const controller = new AbortController()
    const reader = file.stream({ signal: controller.signal }).getReader()
    await reader.read()
    controller.abort('enough')
    await expect(reader.read()).rejects.toBe('enough')
    const together = await Promise.all([
      file.read(0, 10),
      file.read(2_000_000, 10),
      collected(file.stream({ start: 5, end: 14 })),
    ])
    expect(together.map((bytes) => Buffer.from(bytes).equals(original.subarray(0, 10)))).toEqual([true, false, false])
    await file.close()
    await file.close()
    expect(await rejectionOf(file.read(0, 1))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(() => file.stream()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('is a file, and asked for bytes in numbers', async () => {
    const repository = await place.create()
    await repository.backup(place.sources({ 'a.bin': 'a' }))
    for (const path of ['sources', 'sources/missing', '', 7 as never]) {
      expect(await rejectionOf(repository.openFile('latest', path)), String(path)).toMatchObject({ name: 'UsageError' })
    }
    await using file = await repository.openFile('latest', 'sources/a.bin')
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
      ['0', 1],
    ] as [number, number][]) {
      expect(await rejectionOf(file.read(offset, length))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    expect(readFileSync(folder.at('sources/a.bin'), 'utf8')).toBe('a')
  })
})
