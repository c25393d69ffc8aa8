import { existsSync, readdirSync, truncateSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../ts/call.ts'
import { generateKey, openFile, type Progress, password, sealFile, sealKey, verifyFile } from '../../ts/index.ts'
import { type Counters, Reporter } from '../../ts/progress.ts'
import { testFolder } from '../seal/folder.ts'

const folder = testFolder()
const key = generateKey()
const LONG = 512 * 2 ** 20

let source: string

beforeEach(() => {
  source = folder.file('')
  truncateSync(source, LONG)
})

describe('progress', () => {
  it('never falls, ends with all bytes and done once the target has its name, and then stops', async () => {
    const [sealed, opened] = [folder.fresh(), folder.fresh()]
    for (const work of [
      (onProgress: (progress: Progress) => void) => sealFile(source, sealed, { to: key, sync: false, onProgress }),
      (onProgress: (progress: Progress) => void) => verifyFile(sealed, { with: key, onProgress }),
      (onProgress: (progress: Progress) => void) => openFile(sealed, opened, { with: key, sync: false, onProgress }),
    ]) {
      const reports: Progress[] = []
      await work((progress) => reports.push(progress))
      const count = reports.length
      expect(count).toBeGreaterThan(0)
      for (const [index, { bytes, total, rate, phase }] of reports.entries()) {
        expect(bytes).toBeGreaterThanOrEqual(reports[index - 1]?.bytes ?? 0)
        expect(bytes).toBeLessThanOrEqual(total ?? Number.POSITIVE_INFINITY)
        expect(rate).toBeGreaterThanOrEqual(0)
        expect(phase === 'done').toBe(index === count - 1)
      }
      expect(reports.at(-1)).toMatchObject({ phase: 'done', bytes: LONG, total: LONG, secondsLeft: 0 })
      await wait(250)
      expect(reports).toHaveLength(count)
    }
  })

  it('is reported about ten times a second while the work lasts', async () => {
    const phases: string[] = []
    await run({ onProgress: ({ phase }) => phases.push(phase) }, () => wait(1050))
    expect(phases.length).toBeGreaterThan(4)
    expect(phases.length).toBeLessThan(12)
    expect(phases.at(-1)).toBe('done')
  })

  it('is done only when the target is there', async () => {
    const target = folder.fresh()
    const seen: [string, boolean][] = []
    await sealFile(source, target, { to: key, onProgress: ({ phase }) => seen.push([phase, existsSync(target)]) })
    for (const [phase, there] of seen) if (phase === 'done') expect(there).toBe(true)
    expect(seen.at(-1)).toEqual(['done', true])
  })

  it('says when a key is derived from a password', async () => {
    const phases: string[] = []
    const secret = password('correct horse', { cost: 'default' })
    await sealKey(key, secret, { onProgress: ({ phase }) => phases.push(phase) })
    expect(phases).toContain('deriving')
    expect(phases.at(-1)).toBe('done')
  })

  it('is not reported of a call that fails', async () => {
    const phases: string[] = []
    const onProgress = ({ phase }: Progress) => phases.push(phase)
    await expect(verifyFile(source, { with: key, onProgress })).rejects.toMatchObject({ code: 'NOT_SEALED' })
    expect(phases).not.toContain('done')
  })

  it('row 31: whose callback throws stops the call, rejects with what it threw and leaves nothing', async () => {
    const thrown = new RangeError('the host’s own')
    const names = readdirSync(folder.path)
    let calls = 0
    const onProgress = () => {
      calls += 1
      throw thrown
    }
    const sealing = sealFile(source, folder.at('target'), { to: key, onProgress })
    await expect(sealing).rejects.toBe(thrown)
    expect(calls).toBe(1)
    expect(readdirSync(folder.path)).toEqual(names)
    await wait(250)
    expect(calls).toBe(1)
  })

  it('row 31: whose callback throws in the last report rejects with it, and the target is there', async () => {
    const target = folder.fresh()
    const thrown = new RangeError('the host’s own')
    const onProgress = ({ phase }: Progress) => {
      if (phase === 'done') throw thrown
    }
    await expect(sealFile(source, target, { to: key, sync: false, onProgress })).rejects.toBe(thrown)
    expect(await verifyFile(target, { with: key })).toMatchObject({ bytes: LONG })
  })
})

describe('a callback that throws too late to stop the work', () => {
  it('row 31: makes the call reject with what it threw, and is not called again', async () => {
    const thrown = new RangeError('the host’s own')
    let calls = 0
    const onProgress = () => {
      calls += 1
      throw thrown
    }
    const committed = run({ onProgress }, async (control) => {
      Object.defineProperty(control, 'cancel', { value: () => false })
      await wait(450)
    })
    await expect(committed).rejects.toBe(thrown)
    expect(calls).toBe(1)
  })
})

describe('the phase', () => {
  it('is done in the last report only, which the call itself makes', () => {
    const reports: Progress[] = []
    const reporter = new Reporter(
      { done: 7, total: 7, files: 0, phase: 'done' },
      (progress) => reports.push(progress),
      unexpected,
    )
    expect(reporter.sample(0).phase).toBe('flushing')
    reporter.finish()
    expect(reports).toEqual([expect.objectContaining({ phase: 'done', bytes: 7, total: 7, secondsLeft: 0 })])
  })
})

describe('the rate', () => {
  it('is that of the last three seconds, and the time left follows from it', () => {
    const counters = { done: 0, total: 1000 as number | null, files: 0, phase: 'working' as const }
    const reporter = new Reporter(counters, () => {}, unexpected)
    expect(reporter.sample(0)).toEqual({ phase: 'working', bytes: 0, total: 1000, rate: 0 })
    counters.done = 100
    expect(reporter.sample(1000)).toMatchObject({ bytes: 100, rate: 100, secondsLeft: 9 })
    counters.done = 50
    expect(reporter.sample(2000)).toMatchObject({ bytes: 100, rate: 50, secondsLeft: 18 })
    counters.total = null
    expect(reporter.sample(3000)).not.toHaveProperty('total')
    expect(reporter.sample(3000)).not.toHaveProperty('secondsLeft')
    reporter.stop()
  })

  it('forgets what is older than 30 reports', () => {
    const counters: { -readonly [K in keyof Counters]: Counters[K] } = {
      done: 0,
      total: null,
      files: 0,
      phase: 'working',
    }
    const reporter = new Reporter(counters, () => {}, unexpected)
    for (let at = 0; at <= 100; at += 1) {
      counters.done = at <= 50 ? 1000 * at : 50_000 + at
      reporter.sample(at * 100)
    }
    expect(reporter.sample(10_100).rate).toBeLessThan(20)
    reporter.stop()
  })
})

function unexpected(): never {
  return expect.fail('the callback failed')
}
