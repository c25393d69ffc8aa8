import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { makeError } from '../../ts/errors.ts'
import { createRepository, generateKey, type ObjectInfo, openFile, type PutOptions, sealFile } from '../../ts/index.ts'
import { altered } from '../doubles/altered.ts'
import { at, Faulty } from '../doubles/faulty.ts'
import { Memory } from '../doubles/memory.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { testPlace } from './place.ts'

const place = testPlace()
const { folder } = place

describe('a failure of the destination', () => {
  it('is the rejection itself when it is an error of this package', async () => {
    const store = new Memory()
    await place.create(store)
    const denied = makeError('DESTINATION_DENIED', 'faulty: no', {
      details: { destination: 'faulty' },
      cause: new Error('why'),
    })
    for (let index = 0; ; index += 1) {
      const faulty = new Faulty(at(index, { kind: 'fail', when: 'before', error: denied }), store)
      const outcome = await place.open(faulty).catch((thrown: unknown) => thrown)
      if (faulty.calls.length <= index) break
      expect(outcome).toBe(denied)
    }
  })

  it('is INTERNAL with its cause when it is anything else', async () => {
    for (const garbage of [
      new TypeError('x is not a function'),
      'text',
      undefined,
      null,
      { code: 'OBJECT_MISSING' },
      7,
    ]) {
      const throwing = altered(new Memory(), {
        list: () => {
          throw garbage
        },
      })
      const failure = await rejectionOf(place.create(throwing))
      expect(failure).toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('not a function') })
      expect(failure.cause).toBe(garbage)
    }
  })

  it('is told apart from that of another call at the same time', async () => {
    const store = new Memory()
    const thrown: Error[] = []
    let isFailing = false
    const fail = async function* (): AsyncGenerator<ObjectInfo> {
      const details = { destination: 'memory', retryAfterMs: thrown.length }
      thrown.push(makeError('DESTINATION_BUSY', 'memory: slow down', { details }))
      await wait(20)
      yield* []
      throw thrown.at(details.retryAfterMs)
    }
    const moody = altered(store, { list: (prefix, how) => (isFailing ? fail() : store.list(prefix, how)) })
    const repository = await place.create(moody)
    await repository.backup(place.sources({ 'a.txt': 'a' }))
    isFailing = true
    const restoring = repository.restore('latest', { to: folder.fresh() })
    const outcomes = await Promise.allSettled([repository.stats(), repository.check(), restoring])
    const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined))
    expect(new Set(reasons)).toEqual(new Set(thrown))
    expect(thrown).toHaveLength(3)
  })

  it('that gives something else than bytes is INTERNAL', async () => {
    const store = new Memory()
    await place.create(store)
    const texts = altered(store, { get: async () => ReadableStream.from(['text']) as never })
    expect(await rejectionOf(place.open(texts))).toMatchObject({ code: 'INTERNAL', cause: expect.any(Error) })
    const nothing = altered(store, { get: async () => undefined as never })
    expect(await rejectionOf(place.open(nothing))).toMatchObject({ code: 'INTERNAL' })
    const names = altered(store, {
      list: async function* () {
        yield { path: 7, size: 'x' } as never
      },
    })
    expect(await rejectionOf(place.open(names))).toMatchObject({ code: 'INTERNAL' })
  })
})

describe('a destination', () => {
  it('may itself seal files meanwhile', async () => {
    const store = new Memory()
    const own = generateKey()
    const busy = altered(store, {
      put: async (path, body, options) => {
        const [plain, sealed] = [folder.file(content(100_000)), folder.fresh()]
        await sealFile(plain, sealed, { to: own })
        await openFile(sealed, folder.fresh(), { with: own })
        return store.put(path, body, options)
      },
    })
    const repository = await place.create(busy)
    const backups = Array.from({ length: 3 }, (_, n) =>
      repository.backup(place.sources({ a: content(1000, n) }, `s${n}`)),
    )
    await Promise.all([...backups, repository.check(), repository.stats()])
    expect((await repository.check({ read: 'all' })).ok).toBe(true)
  })

  it('is told the SHA-256 only if it hands that on', async () => {
    for (const sendsSha256 of [true, false, undefined]) {
      const store = new Memory()
      const told: [Uint8Array, PutOptions][] = []
      const counting = altered(store, {
        ...(sendsSha256 !== undefined && { sendsSha256 }),
        put: (path, body, options = {}) => {
          told.push([body as Uint8Array, options])
          return store.put(path, body, options)
        },
      })
      const repository = await place.create(counting)
      await repository.backup(place.sources({ 'a.bin': content(50_000) }))
      const hashes = told.filter(([, { sha256 }]) => sha256 !== undefined)
      if (sendsSha256 !== true) expect(hashes).toEqual([])
      else expect(hashes.length).toBeGreaterThan(3)
      for (const [bytes, { sha256 }] of hashes) expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
      expect(told.every(([, { ifAbsent }]) => ifAbsent)).toBe(true)
    }
  })

  it('is asked for ranges, and given no more memory than an object may have', async () => {
    const store = new Memory()
    const repository = await place.create(store)
    await repository.backup(place.sources({ 'a.bin': content(3_000_000) }))
    let given = 0
    const endless = altered(store, {
      get: async (path, options) => {
        if (path !== 'holdfast.json') return store.get(path, options)
        return new ReadableStream<Uint8Array>({
          pull(controller) {
            given += 1_048_576
            controller.enqueue(new Uint8Array(1_048_576))
          },
        })
      },
    })
    await rejectionOf(place.open(endless))
    expect(given).toBeLessThan(50 * 1_048_576)
  })

  it('is made patient', async () => {
    const busy = makeError('DESTINATION_BUSY', 'memory: slow down', { details: { destination: 'memory' } })
    let failures = 0
    const store = new Memory()
    const moody = altered(store, {
      put: (path, body, options) => (failures++ % 2 === 0 ? Promise.reject(busy) : store.put(path, body, options)),
    })
    const repository = await createRepository(moody, { unprotected: true, stateDir: null })
    await repository.close()
    expect(failures).toBeGreaterThan(3)
  })
})
