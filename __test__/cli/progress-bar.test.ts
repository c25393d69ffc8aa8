import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { barLine } from '../../ts/cli/progress-bar.ts'
import { duration, size } from '../../ts/cli/words.ts'
import type { Phase } from '../../ts/index.ts'

const percentOf = (line: string): number => Number(/(\d+) %/.exec(line)?.[1])
const phase = fc.constantFrom<Phase>('waiting', 'deriving', 'working', 'flushing', 'done')
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const total = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

describe('the bar', () => {
  it('says how far, how fast and how long', () => {
    const progress = { phase: 'working', bytes: 5e8, total: 1e9, rate: 1.25e8, secondsLeft: 4 } as const
    expect(barLine('sealing', progress, 100, true)).toBe(
      'sealing  50 % ████████████░░░░░░░░░░░░  500 MB of 1.00 GB  125 MB/s  4 s left',
    )
    expect(barLine('sealing', progress, 100, false)).toContain('############............')
  })

  it('says the bytes where the length is not known', () => {
    expect(barLine('opening', { phase: 'working', bytes: 5e6, rate: 1e6 }, 100, true)).toBe(
      'opening  5.00 MB  1.00 MB/s',
    )
  })

  it('counts files where there are several', () => {
    const progress = { phase: 'working', bytes: 5e8, total: 1e9, rate: 1e8, secondsLeft: 5, files: 1234 } as const
    expect(barLine('backing up', progress, 120, true)).toBe(
      'backing up  50 % ████████████░░░░░░░░░░░░  500 MB of 1.00 GB  1,234 files  100 MB/s  5 s left',
    )
  })

  it('reaches 100 % only when the target has its name', () => {
    const all = { bytes: 7, total: 7, rate: 1 }
    expect(percentOf(barLine('sealing', { phase: 'working', ...all }, 100, true))).toBe(99)
    expect(percentOf(barLine('sealing', { phase: 'flushing', ...all }, 100, true))).toBe(99)
    expect(barLine('sealing', { phase: 'flushing', ...all }, 100, true)).toContain('writing to the disk')
    expect(percentOf(barLine('sealing', { phase: 'done', ...all }, 100, true))).toBe(100)
  })

  it('gives way to the figures where the line is short', () => {
    const progress = { phase: 'working', bytes: 5e8, total: 1e9, rate: 1e8, secondsLeft: 5, files: 12 } as const
    const figures = '500 MB of 1.00 GB  12 files  100 MB/s  5 s left'
    expect(barLine('backing up', progress, 80, false)).toBe(`backing up  50 % ######.......  ${figures}`)
    expect(barLine('backing up', progress, 70, false)).toBe(`backing up  50 %  ${figures}`)
    expect(barLine('copying', progress, 80, false)).toContain('12 objects')
  })

  it('is not there where there is nothing to count', () => {
    expect(barLine('opening', { phase: 'working', bytes: 0, rate: 0 }, 80, true)).toBe('opening')
    expect(barLine('opening', { phase: 'done', bytes: 0, total: 0, rate: 0, secondsLeft: 0 }, 80, true)).toBe('opening')
  })

  test.prop([fc.array(count, { minLength: 2, maxLength: 2 }), total])('never falls', (bytes, total) => {
    const [first = 0, second = 0] = bytes.sort((one, other) => one - other).map((done) => Math.min(done, total))
    const at = (done: number): number =>
      percentOf(barLine('sealing', { phase: 'working', bytes: done, total, rate: 0 }, 200, true))
    expect(at(second)).toBeGreaterThanOrEqual(at(first))
  })

  test.prop([phase, count, count, fc.integer({ min: 1, max: 300 })])('fits its line', (now, bytes, total, columns) => {
    const line = barLine('verifying', { phase: now, bytes, total, rate: 1e9, secondsLeft: 1e6 }, columns, true)
    expect(line.length).toBeLessThan(columns)
    expect(line).not.toContain('\n')
  })
})

describe('words', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.00 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1_073_741_824, '1.07 GB'],
    [2 ** 53, '9.01 PB'],
  ])('%i bytes are %s', (bytes, words) => expect(size(bytes)).toBe(words))

  it.each([
    [0.2, '1 s'],
    [60, '1 min 00 s'],
    [3599, '59 min 59 s'],
    [7260, '2 h 01 min'],
  ])('%d seconds are %s', (seconds, words) => expect(duration(seconds)).toBe(words))
})
