import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RetryOptions } from '../../ts/destinations/backoff.ts'
import type { Destination } from '../../ts/destinations/destination.ts'
import { destinationFailed, mismatch, retryAfterMs } from '../../ts/destinations/failure.ts'
import { fetchObject } from '../../ts/destinations/object-stream.ts'
import { withRetry } from '../../ts/destinations/retry.ts'
import { at, Crashed, type Fault, Faulty, type ReceivedCall } from '../doubles/faulty.ts'
import { Memory } from '../doubles/memory.ts'
import { failing, paths, sha256, streamed, text } from './bodies.ts'
import { testDestination } from './contract.ts'

const QUICK: RetryOptions = { firstPauseMs: 1, longestPauseMs: 2, longestRetryAfterMs: 3 }
const content = Buffer.from('content')
const lost = destinationFailed('DESTINATION_UNREACHABLE', 'double', 'the connection was lost')
const busy = (wait?: number): Error =>
  destinationFailed('DESTINATION_BUSY', 'double', 'slow down', { retryAfterMs: wait })

/** A destination whose first calls have these faults, and a patient view of it. */
function faulty(...faults: (Fault | undefined)[]): { inner: Faulty; patient: Destination } {
  const inner = new Faulty(({ index }) => faults[index])
  return { inner, patient: withRetry(inner, QUICK) }
}

const methods = (inner: Faulty): string[] => inner.calls.map(({ method }) => method)
const failsWith = (error: Error): Fault => ({ kind: 'fail', when: 'before', error })
const succeedsThenFails: Fault = { kind: 'fail', when: 'after' }

describe('a patient destination', () => {
  testDestination(async () => withRetry(new Memory(), QUICK))
})

describe('a patient destination over one that fails every third time', () => {
  testDestination(async () => withRetry(new Faulty(everyThird), QUICK))

  function everyThird({ index, method }: ReceivedCall): Fault | undefined {
    if (index % 3 !== 0) return undefined
    return { kind: 'fail', when: method === 'put' ? 'after' : 'partial' }
  }
})

describe('trying again', () => {
  it.each([busy(), lost, destinationFailed('DESTINATION_TIMEOUT', 'double', 'nothing moved')])(
    'happens after %s',
    async (failure) => {
      const { inner, patient } = faulty(failsWith(failure), failsWith(failure), failsWith(failure))
      expect(await patient.stat('a')).toBeUndefined()
      expect(methods(inner)).toEqual(['stat', 'stat', 'stat', 'stat'])
    },
  )

  it.each(['DESTINATION_DENIED', 'DESTINATION_FULL'] as const)('does not happen after %s', async (code) => {
    const { inner, patient } = faulty(failsWith(destinationFailed(code, 'double', 'no')))
    await expect(patient.put('a', content)).rejects.toMatchObject({ code })
    expect(methods(inner)).toEqual(['put'])
  })

  it('does not happen after anything that is no failure of a destination', async () => {
    for (const error of [new TypeError('bug'), new Crashed()]) {
      const { inner, patient } = faulty(failsWith(error))
      await expect(patient.remove('a')).rejects.toBe(error)
      expect(methods(inner)).toEqual(['remove'])
    }
    const { inner, patient } = faulty()
    await expect(patient.put('a', failing(content, new Error('source gone')))).rejects.toThrow('source gone')
    expect(methods(inner)).toEqual(['put'])
  })

  it('ends after the last attempt with the last failure', async () => {
    const inner = new Faulty(({ index }) => failsWith(index === 3 ? busy(5) : lost))
    const patient = withRetry(inner, { ...QUICK, attempts: 4 })
    await expect(patient.stat('a')).rejects.toMatchObject({ code: 'DESTINATION_BUSY', details: { retryAfterMs: 5 } })
    expect(inner.calls).toHaveLength(4)
  })

  it('row 38: happens once after an upload that arrived wrong', async () => {
    const wrong = mismatch('double', 'a', 'other bytes arrived')
    const once = faulty(failsWith(wrong))
    await once.patient.put('a', content)
    expect(await text(once.inner.inner, 'a')).toBe('content')
    const twice = faulty(failsWith(wrong), failsWith(wrong))
    await expect(twice.patient.put('a', content)).rejects.toMatchObject({ code: 'UPLOAD_MISMATCH' })
    expect(methods(twice.inner)).toEqual(['put', 'put'])
  })

  it('goes on with an upload where the destination can', async () => {
    const seen: (string | undefined)[] = []
    const inner = Object.assign(new Memory(), {
      put: async (path: string, _: unknown, options: { resume?: string; onResumeToken: (token: string) => void }) => {
        seen.push(options.resume)
        options.onResumeToken(`token ${seen.length}`)
        if (seen.length < 3) throw lost
        return { path, size: 7 }
      },
    })
    const told: string[] = []
    await withRetry(inner, QUICK).put('a', content, { resume: 'kept', onResumeToken: (token) => told.push(token) })
    expect(seen).toEqual(['kept', 'token 1', 'token 2'])
    expect(told).toEqual(['token 1', 'token 2', 'token 3'])
  })

  it('reports progress that never falls', async () => {
    const { patient } = faulty({ kind: 'fail', when: 'partial' }, undefined, { kind: 'fail', when: 'partial' })
    const reports: number[] = []
    await patient.put('a', randomBytes(4_000_000), { onProgress: (sent) => reports.push(sent) })
    expect(reports).toEqual([1_048_576, 2_097_152, 3_145_728, 4_000_000])
  })

  it('refuses settings that make no sense', () => {
    for (const wrong of [{ attempts: 0 }, { stallMs: -1 }, { firstPauseMs: 0.5 }, { onPause: 7 as never }]) {
      expect(() => withRetry(new Memory(), wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })
})

describe('row 37: an answer that is lost after the store finished', () => {
  it.each([true, undefined] as const)('is a success, without a second upload (ifAbsent: %s)', async (ifAbsent) => {
    const { inner, patient } = faulty(succeedsThenFails)
    expect(await patient.put('a', content, { ifAbsent })).toMatchObject({ path: 'a', size: 7 })
    expect(methods(inner)).toEqual(['put', 'stat'])
  })

  it('is a success at the last attempt, too', async () => {
    const inner = new Faulty(({ method }) => (method === 'put' ? succeedsThenFails : undefined))
    await withRetry(inner, { ...QUICK, attempts: 1 }).put('a', content, { ifAbsent: true })
    expect(methods(inner)).toEqual(['put', 'stat'])
  })

  it('is a success even when looking fails and the next upload finds the object', async () => {
    const { inner, patient } = faulty(succeedsThenFails, failsWith(lost))
    await patient.put('a', streamed(content), { ifAbsent: true, sha256: sha256(content) })
    expect(methods(inner)).toEqual(['put', 'stat', 'put', 'stat'])
  })

  it('is no success when the object is of another writer', async () => {
    for (const theirs of [Buffer.from('theirs!'), Buffer.from('longer than ours')]) {
      const { inner, patient } = faulty(failsWith(lost))
      inner.inner.plant('a', theirs)
      await expect(patient.put('a', content, { ifAbsent: true })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
      expect(Buffer.from(inner.inner.bytes('a'))).toEqual(theirs)
    }
  })

  it('is found by reading the object back where the store knows no SHA-256', async () => {
    const { inner, patient } = faulty(succeedsThenFails)
    const { stat } = inner.inner
    inner.inner.stat = async (...args) => {
      const { sha256: _, ...info } = (await stat.apply(inner.inner, args)) ?? { path: 'a', size: 0 }
      return info
    }
    await patient.put('a', content, { ifAbsent: true })
    expect(methods(inner)).toEqual(['put', 'stat', 'get'])
  })

  it('row 42: does not make two racing writers both win', async () => {
    const store = new Memory()
    const writers = Array.from({ length: 6 }, (_, index) => {
      const unlucky = new Faulty(
        ({ method }) => (method === 'put' ? (index % 2 ? succeedsThenFails : failsWith(lost)) : undefined),
        store,
      )
      return withRetry(unlucky, { ...QUICK, attempts: 3 }).put('a', Buffer.from(`writer ${index}`), { ifAbsent: true })
    })
    const results = await Promise.allSettled(writers)
    const won = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [`writer ${index}`] : []))
    expect(won).toEqual([await text(store, 'a')])
  })
})

describe('row 39: a download that breaks', () => {
  const bytes = randomBytes(100_000)
  const broken: Fault = { kind: 'fail', when: 'partial' }

  it.each([undefined, { offset: 10, length: 50_000 }, { offset: 99_000 }])(
    'goes on where it was, in %j',
    async (range) => {
      const { inner, patient } = faulty(failsWith(lost), broken, broken, failsWith(lost), broken)
      inner.inner.plant('a', bytes)
      const expected = bytes.subarray(range?.offset ?? 0, (range?.offset ?? 0) + (range?.length ?? 100_000))
      expect(sha256(await fetchObject(patient, 'a', { range }))).toBe(sha256(expected))
      expect(inner.calls).toHaveLength(6)
    },
  )

  it('after the last byte of a range that has an end is none', async () => {
    const { inner, patient } = faulty(succeedsThenFails)
    inner.inner.plant('a', bytes)
    expect((await fetchObject(patient, 'a', { range: { offset: 9, length: 99_991 } })).byteLength).toBe(99_991)
    expect(methods(inner)).toEqual(['get'])
  })

  it('counts attempts from the last byte that came', async () => {
    const inner = new Faulty(({ index }) => (index < 16 ? broken : undefined))
    inner.inner.plant('a', bytes)
    expect((await fetchObject(withRetry(inner, { ...QUICK, attempts: 2 }), 'a')).byteLength).toBe(100_000)
  })

  it('ends with the failure when nothing comes any more', async () => {
    const inner = new Faulty(({ index }) => (index === 0 ? broken : failsWith(lost)))
    inner.inner.plant('a', bytes)
    const fetched = fetchObject(withRetry(inner, { ...QUICK, attempts: 3 }), 'a')
    await expect(fetched).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
  })

  it('is a listing too: each object once', async () => {
    const { inner, patient } = faulty({ kind: 'fail', when: 'partial' }, failsWith(lost), {
      kind: 'fail',
      when: 'after',
    })
    const names = Array.from({ length: 20 }, (_, index) => `n${10 + index}`)
    for (const name of names) inner.inner.plant(name, content)
    expect(await paths(patient)).toEqual(names)
    expect(methods(inner)).toEqual(['list', 'list', 'list', 'list'])
  })

  it('is a listing that always breaks in one place: an end', async () => {
    const inner = new Faulty(() => ({ kind: 'fail', when: 'partial' }))
    for (const name of ['a', 'b']) inner.inner.plant(name, content)
    await expect(paths(withRetry(inner, { ...QUICK, attempts: 3 }))).rejects.toMatchObject({ retryable: true })
  })
})

describe('waiting', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
  afterEach(() => vi.useRealTimers())

  /** The pauses before each attempt of a call that never succeeds. */
  async function pauses(failure: Error, options: RetryOptions = {}): Promise<number[]> {
    const seen: number[] = []
    const onPause = (_: Error, ms: number): unknown => seen.push(ms)
    const patient = withRetry(new Faulty(() => failsWith(failure)), { ...options, onPause })
    const call = patient.stat('a').catch((thrown: unknown) => thrown)
    await vi.runAllTimersAsync()
    expect(await call).toBe(failure)
    return seen
  }

  it('doubles, at random within a half, up to the longest pause', async () => {
    const seen = await pauses(lost, { attempts: 10 })
    const full = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
    expect(seen).toHaveLength(full.length)
    for (const [index, pause] of seen.entries()) {
      expect(pause).toBeLessThanOrEqual(full[index] ?? 0)
      expect(pause).toBeGreaterThanOrEqual((full[index] ?? 0) / 2)
    }
    expect(await pauses(lost, { attempts: 10 })).not.toEqual(seen)
  })

  it('row 36: is as long as the destination asks for, up to a limit, and then DESTINATION_BUSY', async () => {
    expect(await pauses(busy(7000), { attempts: 3 })).toEqual([7000, 7000])
    expect(await pauses(busy(1e12), { attempts: 3 })).toEqual([60_000, 60_000])
  })

  it('row 36: reads Retry-After as seconds and as a date', () => {
    const now = Date.parse('2026-11-23T12:00:00Z')
    expect(retryAfterMs('120', now)).toBe(120_000)
    expect(retryAfterMs(' 1000000000 ', now)).toBe(1e12)
    expect(retryAfterMs('Mon, 23 Nov 2026 12:01:30 GMT', now)).toBe(90_000)
    expect(retryAfterMs('Mon, 23 Nov 2020 12:01:30 GMT', now)).toBe(0)
    for (const nothing of [undefined, '', 'soon']) expect(retryAfterMs(nothing, now)).toBeUndefined()
  })

  it('row 36: can be stopped', async () => {
    const patient = withRetry(new Faulty(() => failsWith(busy(50_000))))
    for (const call of [
      (signal: AbortSignal) => patient.stat('a', { signal }),
      (signal: AbortSignal) => patient.put('a', content, { signal }),
      (signal: AbortSignal) => paths(patient, '', { signal }),
    ]) {
      const [controller, reason] = [new AbortController(), new Error('stopped by the caller')]
      const outcome = call(controller.signal).catch((thrown: unknown) => thrown)
      await vi.advanceTimersByTimeAsync(10)
      controller.abort(reason)
      expect(await outcome).toBe(reason)
    }
    expect(vi.getTimerCount()).toBe(0)
  })

  it('row 40: for a silent stall ends in DESTINATION_TIMEOUT, in every method', async () => {
    const patient = withRetry(new Faulty(() => ({ kind: 'stall' })), { attempts: 2, stallMs: 5000 })
    const calls = [patient.put('a', content), patient.stat('a'), patient.remove('a'), paths(patient)].map((call) =>
      call.catch((thrown: unknown) => thrown),
    )
    await vi.runAllTimersAsync()
    for (const outcome of await Promise.all(calls)) {
      expect(outcome).toMatchObject({ code: 'DESTINATION_TIMEOUT', message: 'faulty: nothing moved for 5 s' })
    }
  })

  it('row 40: for a destination that ignores its signal ends, too', async () => {
    const deaf = Object.assign(new Memory(), { stat: () => new Promise<never>(() => {}) })
    const call = withRetry(deaf, { attempts: 1 })
      .stat('a')
      .catch((thrown: unknown) => thrown)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await call).toMatchObject({ code: 'DESTINATION_TIMEOUT' })
  })

  it('row 40: for a download that stalls begins again where it was', async () => {
    const inner = new Faulty(at(0, { kind: 'stall' }))
    inner.inner.plant('a', content)
    const fetched = fetchObject(withRetry(inner), 'a')
    await vi.advanceTimersByTimeAsync(70_000)
    expect(Buffer.from(await fetched)).toEqual(content)
  })

  it('row 40: does not end an upload that is slow but moves', async () => {
    const drip = async function* (): AsyncGenerator<Uint8Array> {
      for (const byte of content) {
        await new Promise((resolve) => setTimeout(resolve, 4000))
        yield Buffer.of(byte)
      }
    }
    const inner = new Memory()
    const body = { open: () => ReadableStream.from(drip()) as ReadableStream<Uint8Array> }
    const put = withRetry(inner, { attempts: 1, stallMs: 5000 }).put('a', body)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(await put).toMatchObject({ size: 7 })
  })
})
