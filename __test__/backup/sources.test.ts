import { EventEmitter } from 'node:events'
import { copyFileSync, createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { integrityOf, messagesIn, startWriter } from '../../examples/quickstart/database.mjs'
import { type Repository, type SourceInput, sqlite } from '../../ts/index.ts'
import { runs } from '../project/property-runs.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { all, testPlace } from './place.ts'

const place = testPlace()
const { folder } = place
const LONG = content(3_500_000)

/** The bytes of the only file of the newest snapshot. */
async function restored(repository: Repository, name: string, snapshot = 'latest'): Promise<Buffer> {
  const target = folder.fresh()
  await repository.restore(snapshot, { to: target })
  return readFileSync(`${target}/${name}`)
}

describe('sources', () => {
  it('are paths as text, URL and bytes, and may have other names', async () => {
    const repository = await place.create()
    const path = folder.file('text')
    const given: [SourceInput, string][] = [
      [path, 'fresh-1'],
      [pathToFileURL(path), 'fresh-1'],
      [Buffer.from(path), 'fresh-1'],
      [{ path, as: 'other' }, 'other'],
    ]
    for (const [source, name] of given) {
      await repository.backup(source)
      expect((await restored(repository, name)).toString()).toBe('text')
    }
  })

  it('of one name are told apart by a number', async () => {
    const repository = await place.create()
    place.sources({ same: '1' }, 'one')
    place.sources({ same: '2' }, 'two')
    const { snapshot } = await repository.backup([folder.at('one/same'), folder.at('two/same')])
    expect(snapshot.sources).toEqual(['same', 'same-2'])
  })

  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < LONG.length; at += 70_001) yield LONG.subarray(at, at + 70_001)
  }
  const kinds: [string, () => Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>][] = [
    ['a Readable', () => Readable.from(pieces())],
    ['a file stream', () => createReadStream(folder.at('long'))],
    ['a ReadableStream', () => ReadableStream.from(pieces()) as ReadableStream<Uint8Array>],
    ['the body of a response', () => new Response(LONG).body as ReadableStream<Uint8Array>],
    ['an async generator', pieces],
    [
      'one large piece',
      async function* () {
        yield LONG
      },
    ],
    [
      'many small pieces',
      async function* () {
        for (let at = 0; at < 200_000; at += 7) yield LONG.subarray(at, at + 7)
      },
    ],
    ['nothing', async function* () {}],
  ]

  it.each(kinds)('are streams: %s', async (what, open) => {
    writeFileSync(folder.at('long'), LONG)
    const repository = await place.create()
    const modified = new Date(1_234_567_890_123)
    for (const source of [open, async () => open()]) {
      const { complete, snapshot } = await repository.backup({ name: 'dump', open: source, modified })
      expect({ complete, sources: snapshot.sources }).toEqual({ complete: true, sources: ['dump'] })
      const length = what === 'nothing' ? 0 : what === 'many small pieces' ? 200_004 : LONG.length
      const expected = Buffer.from(LONG.subarray(0, length === 200_004 ? 200_004 : length))
      expect((await restored(repository, 'dump')).equals(expected)).toBe(true)
      const [entry] = await all(repository.list('latest'))
      expect(entry).toMatchObject({ modified, modifiedNanos: 123_000_000, kind: 'file' })
    }
  })

  it('whose memory is used again for the next piece are taken as they were', async () => {
    const buffer = Buffer.alloc(1000)
    const open = async function* (): AsyncGenerator<Uint8Array> {
      for (let round = 0; round < 50; round += 1) yield buffer.fill(round)
    }
    const repository = await place.create()
    await repository.backup({ name: 'dump', open })
    const bytes = await restored(repository, 'dump')
    for (let round = 0; round < 50; round += 1) expect(bytes[round * 1000 + 500]).toBe(round)
  })

  it('are pulled no faster than the backup gets on', async () => {
    let given = 0
    const repository = await place.create()
    const controller = new AbortController()
    const open = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 1
        if (given === 400) controller.abort('enough')
        yield Buffer.alloc(1_048_576, given)
      }
    }
    await expect(repository.backup({ name: 'endless', open }, { signal: controller.signal })).rejects.toBe('enough')
    const atEnd = given
    await wait(100)
    expect(given).toBe(atEnd)
    expect(given).toBeLessThan(500)
  })

  it('that fail are reported with what they threw, and the rest is stored', async () => {
    const repository = await place.create()
    const broken = new Error('the dump failed')
    const late = async function* (): AsyncGenerator<Uint8Array> {
      yield LONG
      throw broken
    }
    const never = (): never => {
      throw broken
    }
    const sources: SourceInput[] = [
      {
        name: 'good',
        open: async function* () {
          yield Buffer.from('x')
        },
      },
      { name: 'late', open: late },
      { name: 'never', open: never },
      { name: 'rejected', open: async () => never() },
      { name: 'text', open: () => Readable.from(['text']) },
      { name: 'no stream', open: () => 7 as never },
      {
        name: 'short',
        open: async function* () {
          yield LONG
        },
        size: LONG.length + 1,
      },
      {
        name: 'broken',
        open: () =>
          new Readable({
            read() {
              this.destroy(broken)
            },
          }),
      },
    ]
    const { complete, unread, id } = await repository.backup(sources)
    expect(complete).toBe(false)
    const byPath = Object.fromEntries(unread.map(({ path, error }) => [path, error]))
    expect(Object.keys(byPath).sort()).toEqual(['broken', 'late', 'never', 'no stream', 'rejected', 'short', 'text'])
    for (const name of ['late', 'never', 'rejected', 'broken']) {
      expect(byPath[name], name).toMatchObject({ code: 'SOURCE_UNREADABLE', cause: broken })
      expect(byPath[name]?.cause).toBe(broken)
      expect(byPath[name]?.message).not.toContain('dump failed')
    }
    expect(byPath['text']?.cause).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(byPath['no stream']?.cause).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(byPath['short']?.cause).toMatchObject({ code: 'SOURCE_CHANGED' })
    expect((await restored(repository, 'good', id)).toString()).toBe('x')
    expect(await rejectionOf(repository.backup({ name: 'alone', open: never }))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
    })
  })

  it('row 29: that hang are let go when the backup is aborted', async () => {
    const repository = await place.create()
    const released = new EventEmitter()
    const gone = (name: string): Promise<unknown> => new Promise((resolve) => released.once(name, resolve))
    const hanging: Record<string, () => Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>> = {
      node: () =>
        new Readable({
          read() {},
          destroy(_, done) {
            released.emit('node')
            done(null)
          },
        }),
      web: () => new ReadableStream({ cancel: () => void released.emit('web') }),
    }
    for (const [name, open] of Object.entries(hanging)) {
      const controller = new AbortController()
      const letGo = gone(name)
      const opened = (): ReturnType<typeof open> => {
        setTimeout(() => controller.abort(name), 50)
        return open()
      }
      await expect(repository.backup({ name, open: opened }, { signal: controller.signal })).rejects.toBe(name)
      await letGo
    }
    const controller = new AbortController()
    const never = (): Promise<never> => {
      setTimeout(() => controller.abort('not even opened'), 50)
      return new Promise(() => {})
    }
    const call = repository.backup({ name: 'x', open: never }, { signal: controller.signal })
    await expect(call).rejects.toBe('not even opened')
    expect(await all(repository.snapshots())).toEqual([])
  })
})

describe('a source that is opened too late', () => {
  it('row 29: is let go at once', async () => {
    const repository = await place.create()
    const controller = new AbortController()
    let isGone = false
    const open = async (): Promise<Readable> => {
      controller.abort('enough')
      await wait(30)
      return new Readable({
        destroy(_, done) {
          isGone = true
          done(null)
        },
      })
    }
    await expect(repository.backup({ name: 'late', open }, { signal: controller.signal })).rejects.toBe('enough')
    await vi.waitFor(() => expect(isGone).toBe(true))
  })
})

describe('a database', () => {
  let stop: (() => void) | undefined
  afterEach(() => stop?.())

  it('row 49: that is written to all the time is whole in every snapshot', async () => {
    const path = place.sources({}, 'data')
    const writer = await startWriter(`${path}/messages.db`)
    stop = () => writer.kill()
    const repository = await place.create()
    const counts: [string, number, number][] = []
    for (let round = 0; round < runs(3); round += 1) {
      const least = await writer.committed()
      const found = await repository.backup(path)
      const said = await repository.backup(sqlite(`${path}/messages.db`, { as: 'data' }))
      expect([...found.unread, ...said.unread]).toEqual([])
      const most = await writer.committed()
      counts.push([`${found.id} data/messages.db`, least, most], [`${said.id} data`, least, most])
    }
    await writer.stop()
    for (const [where, least, most] of counts) {
      const [target, [id = '', name]] = [folder.fresh(), where.split(' ')]
      await repository.restore(id, { to: target })
      const copy = `${target}/${name}`
      expect(integrityOf(copy)).toBe('ok')
      expect(messagesIn(copy)).toBeGreaterThanOrEqual(least)
      expect(messagesIn(copy)).toBeLessThanOrEqual(most)
      const paths = (await all(repository.list(id))).map((entry) => entry.path)
      expect(paths.filter((path) => /-(wal|shm|journal)$/.test(path))).toEqual([])
    }
  })

  it('is copied by its own program, if that says how', async () => {
    const path = place.sources({ 'secret.db': 'not a database of SQLite' }, 'data')
    const repository = await place.create()
    const targets: string[] = []
    const snapshot = async (target: string): Promise<void> => {
      expect(statSync(target).size).toBe(0)
      targets.push(target)
      await wait(10)
      writeFileSync(target, 'a consistent copy')
    }
    const { complete } = await repository.backup(sqlite(`${path}/secret.db`, { snapshot, as: 'copy.db' }))
    expect(complete).toBe(true)
    expect(targets).toHaveLength(1)
    expect(() => statSync(String(targets[0]))).toThrow('ENOENT')
    expect((await restored(repository, 'copy.db')).toString()).toBe('a consistent copy')
  })

  it('whose own copy fails is reported with what the program threw', async () => {
    const path = place.sources({ 'secret.db': 'x', 'b.txt': 'b' }, 'data')
    const repository = await place.create()
    const broken = new Error('locked')
    const snapshot = (): never => {
      throw broken
    }
    const { unread, complete } = await repository.backup([`${path}/b.txt`, sqlite(`${path}/secret.db`, { snapshot })])
    expect(complete).toBe(false)
    expect(unread.map((problem) => [problem.path, problem.error.code])).toEqual([['secret.db', 'SOURCE_UNREADABLE']])
    expect(unread[0]?.error.cause).toBe(broken)
  })

  it('is nothing but a database', async () => {
    const path = folder.file('no database')
    copyFileSync(path, folder.at('copy'))
    const repository = await place.create()
    const failure = await rejectionOf(repository.backup(sqlite(path)))
    expect(failure).toMatchObject({ code: 'SOURCE_UNREADABLE' })
    for (const wrong of [
      () => sqlite(7 as never),
      () => sqlite(path, { snapshot: 'x' as never }),
      () => sqlite(path, { as: 7 as never }),
    ]) {
      expect(wrong).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })
})
