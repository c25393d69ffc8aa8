import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant, Direction } from './contestants.ts'
import { sameBytes, writeRandom } from './places.ts'
import { type Cost, timed, watched } from './process.ts'

/** How busy a process kept its event loop during the call. */
export interface Loop {
  readonly utilization: number
  readonly longestDelayMs: number
}

/** One direction of one contestant. */
export interface Series {
  /** One per round; scaled to the whole file where only a fraction was measured. */
  readonly costs: Cost[]
  peakBytes: number | undefined
  /** The worst round's. */
  loop: Loop | undefined
}

/** One contestant's rounds at one place. */
export interface Result extends Record<Direction, Series> {
  readonly name: string
  readonly title: string
  readonly fraction: number
}

/** Rounds over all contestants, each a new one's turn to begin: warm-up and timed run of sealing, then of opening. */
export async function measure(
  contestants: readonly Contestant[],
  folder: string,
  size: number,
  rounds: number,
  say: (line: string) => void,
): Promise<Result[]> {
  const sources = makeSources(contestants, folder, size)
  const results = contestants.map(({ name, title, fraction }) => {
    return { name, title, fraction, seal: emptySeries(), open: emptySeries() }
  })
  for (const { round, place, one: contestant } of turns(contestants, rounds)) {
    const result = results[place]
    if (result === undefined) throw new Error('no such turn')
    say(`round ${round + 1} of ${rounds}: ${contestant.title}`)
    await takeTurn(contestant, result, sources, folder, round === 0)
  }
  for (const source of sources.values()) rmSync(source)
  return results
}

/** Everyone's turn in every round; each round begins with another one. */
export function* turns<T>(everyone: readonly T[], rounds: number): Generator<{ round: number; place: number; one: T }> {
  for (let round = 0; round < rounds; round += 1) {
    const first = round % Math.max(1, everyone.length)
    const places = everyone.map((one, place) => ({ round, place, one }))
    yield* [...places.slice(first), ...places.slice(0, first)]
  }
}

async function takeTurn(
  contestant: Contestant,
  result: Result,
  sources: Sources,
  folder: string,
  verify: boolean,
): Promise<void> {
  const source = sources.get(contestant.fraction) ?? ''
  const [sealed, opened] = [join(folder, 'sealed'), join(folder, 'opened')]
  const [empty, emptySealed] = [join(folder, 'empty'), join(folder, 'empty-sealed')]
  const seal = await pair(contestant, 'seal', source, sealed, result.seal)
  const open = await pair(contestant, 'open', sealed, opened, result.open)
  if (verify && !(await sameBytes(source, opened))) throw new Error(`${contestant.name} opened other bytes`)
  for (const path of [sealed, opened]) rmSync(path)
  if (contestant.fraction === 1) {
    result.seal.costs.push(seal)
    result.open.costs.push(open)
    return
  }
  writeFileSync(empty, '')
  const started = {
    seal: await timed(contestant.command('seal', empty, emptySealed)),
    open: await timed(contestant.command('open', emptySealed, opened)),
  }
  for (const path of [empty, emptySealed, opened]) rmSync(path)
  result.seal.costs.push(scaled(seal, started.seal, contestant.fraction))
  result.open.costs.push(scaled(open, started.open, contestant.fraction))
}

/** An untimed run, then directly after it the timed one. */
async function pair(
  contestant: Contestant,
  direction: Direction,
  source: string,
  target: string,
  series: Series,
): Promise<Cost> {
  const command = contestant.command(direction, source, target)
  const { stdout, peakBytes } = await watched({ argv: [...command.argv, ...contestant.watch] })
  if (peakBytes !== undefined) series.peakBytes = Math.max(series.peakBytes ?? 0, peakBytes)
  if (contestant.watch.length > 0) series.loop = worse(series.loop, JSON.parse(stdout) as Loop)
  rmSync(target)
  return timed(command)
}

/** What the whole file would have cost: the process's start once, the rest by length. */
function scaled(cost: Cost, start: Cost, fraction: number): Cost {
  const scale = (all: number, once: number) => once + Math.max(0, all - once) / fraction
  return {
    wallSeconds: scale(cost.wallSeconds, start.wallSeconds),
    cpuSeconds: scale(cost.cpuSeconds, start.cpuSeconds),
  }
}

function worse(one: Loop | undefined, other: Loop): Loop {
  return {
    utilization: Math.max(one?.utilization ?? 0, other.utilization),
    longestDelayMs: Math.max(one?.longestDelayMs ?? 0, other.longestDelayMs),
  }
}

/** By fraction, a file of that part of the size. */
type Sources = ReadonlyMap<number, string>

function makeSources(contestants: readonly Contestant[], folder: string, size: number): Sources {
  const fractions = [...new Set(contestants.map(({ fraction }) => fraction))]
  return new Map(
    fractions.map((fraction) => {
      const path = join(folder, `source-${Math.round(1 / fraction)}`)
      writeRandom(path, Math.max(1, Math.floor(size * fraction)))
      return [fraction, path]
    }),
  )
}

function emptySeries(): Series {
  return { costs: [], peakBytes: undefined, loop: undefined }
}
