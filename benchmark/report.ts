// Figures as Markdown: what can be pasted into a README.
import type { Direction } from './contestants.ts'
import { MIB } from './options.ts'
import type { Cost } from './process.ts'
import type { Result, Series } from './rounds.ts'

const GIB = 1024 * MIB
const DIRECTIONS: readonly Direction[] = ['seal', 'open']

/** What is to be reached, for the reader to compare: nothing here fails because of a figure. */
const TARGETS = {
  age: { seal: 'target 1.7', open: 'target 2.0' },
  noble: { seal: 'target 20', open: 'target 20' },
  cp: { seal: 'target at most 1.9', open: 'target at most 1.9' },
}
const PEAK_TARGET = 'target under 70 MiB'
const LOOP_TARGET = 'target under 5 %'

export function minimum(values: readonly number[]): number {
  return Math.min(...values)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** A Markdown table; the first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function wall(costs: readonly Cost[]): number[] {
  return costs.map(({ wallSeconds }) => wallSeconds)
}

export function cpu(costs: readonly Cost[]): number[] {
  return costs.map(({ cpuSeconds }) => cpuSeconds)
}

/** `minimum / median`. */
export function spread(values: readonly number[], digits: number): string {
  return values.length === 0 ? '–' : `${minimum(values).toFixed(digits)} / ${median(values).toFixed(digits)}`
}

/** One measurement of the large file. */
export interface Measured {
  readonly heading: string
  readonly size: number
  /** Whether the targets of the project are meant for it. */
  readonly targets: boolean
  readonly results: readonly Result[]
}

/** The large file: everyone in one table, then our ratios, then every round. */
export function largeReport({ heading, size, targets, results }: Measured): string {
  const copy = results.find(({ name }) => name === 'cp')
  const head = ['', ...DIRECTIONS.flatMap((verb) => [`${verb} s`, '× cp', `CPU s/GiB`]), 'peak MiB']
  const rows = results.map((result) => [
    result.fraction === 1 ? result.title : `${result.title} ¹`,
    ...DIRECTIONS.flatMap((direction) => [
      spread(wall(result[direction].costs), 3),
      copy === undefined ? '–' : ratio(result[direction], copy[direction]),
      ((median(cpu(result[direction].costs)) * GIB) / size).toFixed(2),
    ]),
    peak(result),
  ])
  return [
    `### ${heading}`,
    '',
    'Wall time is minimum / median of the rounds, × cp the ratio of the minima, CPU the median of user + system.',
    '',
    table(head, rows),
    ...(results.some(({ fraction }) => fraction !== 1) ? ['', note(size)] : []),
    '',
    ...ours(results, copy, targets),
    '',
    ...everyRound(results),
  ].join('\n')
}

function note(size: number): string {
  return `¹ Measured on an eighth of the file (${(size / 8 / MIB).toFixed(1)} MiB); all but the start of the process is multiplied by 8.`
}

function ours(results: readonly Result[], copy: Result | undefined, targets: boolean): string[] {
  const us = results.find(({ name }) => name === 'holdfast')
  if (us === undefined) return []
  const aside = (target: string) => (targets ? ` (${target})` : '')
  const lines = DIRECTIONS.flatMap((direction) => {
    const against = (name: 'age' | 'noble'): string[] => {
      const peer = results.find((result) => result.name === name)
      if (peer === undefined) return []
      return [
        `${quotients(peer[direction], us[direction])} × as fast as ${peer.title}${aside(TARGETS[name][direction])}`,
      ]
    }
    const copied =
      copy === undefined
        ? []
        : [`${quotients(us[direction], copy[direction])} × ${copy.title}${aside(TARGETS.cp[direction])}`]
    return [`- ${direction}: ${[...against('age'), ...against('noble'), ...copied].join('; ')}`]
  })
  return [
    'holdfast, by minimum / by median:',
    '',
    ...lines,
    `- peak memory ${peak(us)} MiB (${PEAK_TARGET})`,
    ...DIRECTIONS.flatMap((direction) => loopLine(direction, us[direction])),
  ]
}

function loopLine(direction: Direction, { loop }: Series): string[] {
  if (loop === undefined) return []
  const busy = (loop.utilization * 100).toFixed(1)
  return [
    `- event loop while it ${direction}s, worst round: ${busy} % busy (${LOOP_TARGET}), longest delay ${loop.longestDelayMs.toFixed(1)} ms`,
  ]
}

function ratio(one: Series, other: Series): string {
  return (minimum(wall(one.costs)) / minimum(wall(other.costs))).toFixed(2)
}

function quotients(one: Series, other: Series): string {
  return `${ratio(one, other)} / ${(median(wall(one.costs)) / median(wall(other.costs))).toFixed(2)}`
}

function peak({ seal, open }: Result): string {
  const bytes = Math.max(seal.peakBytes ?? 0, open.peakBytes ?? 0)
  return bytes === 0 ? '–' : (bytes / MIB).toFixed(0)
}

function everyRound(results: readonly Result[]): string[] {
  const line = (result: Result, direction: Direction) => {
    const times = result[direction].costs.map(({ wallSeconds, cpuSeconds }) => {
      return `${wallSeconds.toFixed(3)} (${cpuSeconds.toFixed(2)})`
    })
    return `${result.title}, ${direction}: ${times.join('  ')}`
  }
  const lines = results.flatMap((result) => DIRECTIONS.map((direction) => line(result, direction)))
  return ['All rounds, wall seconds (CPU seconds):', '', '```', ...lines, '```']
}
