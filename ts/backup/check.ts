import { options as checkedOptions } from '../arguments.ts'
import type { Call } from '../call.ts'
import { type AnyHoldfastError, invalid } from '../errors.ts'
import type { Connection } from './connection.ts'

/** How thorough a check is. */
export interface CheckOptions extends Call {
  /**
   * Which part of the stored content is read: `none`, the default, compares what is there with what is needed; `5%` reads
   * one pack in twenty besides, chosen at random; `all` reads and verifies every byte.
   */
  readonly read?: 'none' | `${number}%` | 'all' | undefined
}

/** What a check found. */
export interface CheckReport {
  /** Whether nothing is wrong: `problems` is empty. */
  readonly ok: boolean
  /** Snapshots of which everything is there. */
  readonly snapshots: number
  /** Packs that were read. */
  readonly packs: number
  /** Bytes of those. */
  readonly bytes: number
  /** Everything that is wrong; `details` have the object's name, or the path of the file that is concerned. */
  readonly problems: readonly AnyHoldfastError[]
}

const WHOLE = 10_000

/** @internal */
export async function check(connection: Connection, how: CheckOptions): Promise<CheckReport> {
  const part = partOf(checkedOptions(how, 'options').read)
  return connection.run(how, async (control, repository, addon) => {
    const found = await addon.repositoryCheck(control, repository, part)
    // What is found while the snapshots are read is told of the check as well.
    const told = new Map([...found.problems, ...found.warnings].map((failure) => [JSON.stringify(failure), failure]))
    const problems = [...told.values()].map((failure) => connection.reported(failure))
    const { snapshots, packs, bytes } = found
    return { ok: problems.length === 0, snapshots, packs, bytes, problems }
  })
}

/** The part in ten thousandths: the smallest that is read, if any is to be. */
function partOf(read: unknown = 'none'): number {
  if (read === 'none') return 0
  if (read === 'all') return WHOLE
  const percent = typeof read === 'string' ? Number(/^(\d+(?:\.\d+)?)%$/.exec(read)?.[1]) : Number.NaN
  if (percent > 0 && percent <= 100) return Math.ceil((percent * WHOLE) / 100)
  throw invalid("read must be 'none', 'all', or a part above 0% and up to 100%")
}
