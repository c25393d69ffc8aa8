// Key derivation: our passwords against the Argon2id that a Node program would use otherwise.
import { join } from 'node:path'
import { MIB } from './options.ts'
import { type Cost, watched } from './process.ts'
import { cpu, spread, table, wall } from './report.ts'

/** The numbers behind the names of our costs; four lanes each. */
export const COSTS = {
  interactive: { memoryKib: 65_536, passes: 3 },
  default: { memoryKib: 262_144, passes: 3 },
} as const

export type CostName = keyof typeof COSTS

const LIBRARIES = { holdfast: 'holdfast, password()', 'node-rs': '@node-rs/argon2', 'hash-wasm': 'hash-wasm' }

/** One library at one cost. */
export interface Derivation {
  readonly name: string
  readonly title: string
  readonly cost: CostName
  readonly costs: Cost[]
  peakBytes: number
}

/** What a process of its own printed. */
interface Run extends Cost {
  readonly derived: string
}

/** Interleaved rounds: each process derives once to warm up, then timed. */
export async function measureDerivations(
  programs: string,
  rounds: number,
  say: (line: string) => void,
): Promise<Derivation[]> {
  const results = (Object.keys(COSTS) as CostName[]).flatMap((cost) => {
    return Object.entries(LIBRARIES).map(([name, title]): Derivation => {
      return { name, title, cost, costs: [], peakBytes: 0 }
    })
  })
  const derived = new Map<CostName, string>()
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}: key derivation`)
    for (const result of results) {
      const { stdout, peakBytes } = await watched({
        argv: [process.execPath, join(programs, 'kdf.mjs'), result.name, result.cost],
      })
      const run = JSON.parse(stdout) as Run
      result.costs.push({ wallSeconds: run.wallSeconds, cpuSeconds: run.cpuSeconds })
      result.peakBytes = Math.max(result.peakBytes, peakBytes ?? 0)
      if (run.derived === '') continue // ours gives no derived bytes out; the process opened what it sealed
      const expected = derived.get(result.cost) ?? run.derived
      derived.set(result.cost, expected)
      if (run.derived !== expected) throw new Error(`${result.title} derives something else`)
    }
  }
  return results
}

export function derivationReport(results: readonly Derivation[]): string {
  const rows = results.map(({ title, cost, costs, peakBytes }) => {
    const { memoryKib, passes } = COSTS[cost]
    return [
      title,
      `${cost}: ${memoryKib / 1024} MiB, ${passes} passes, 4 lanes`,
      spread(wall(costs), 3),
      spread(cpu(costs), 3),
      peakBytes === 0 ? '–' : (peakBytes / MIB).toFixed(0),
    ]
  })
  return [
    '### Key derivation, Argon2id',
    '',
    'One derivation in a process that has done one before; minimum / median.',
    '',
    table(['', 'cost', 'wall s', 'CPU s', 'peak MiB'], rows),
  ].join('\n')
}
