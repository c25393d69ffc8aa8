import { options as checkedOptions, flag } from '../arguments.ts'
import type { Call } from '../call.ts'
import { type AnyHoldfastError, invalid } from '../errors.ts'
import { type FilePath, filePath } from '../file-path.ts'
import type { Connection } from './connection.ts'
import { type EntryPath, entryPath } from './entries.ts'
import { referenceOf, type Snapshot, type SnapshotRef, snapshotOf } from './snapshots.ts'

/** What is restored, and how. */
export interface RestoreOptions extends Call {
  /** The folder to restore into, made if it is missing. Nothing is written outside of it. */
  readonly to: FilePath
  /** What to restore, with all that lies below; everything by default. */
  readonly paths?: readonly EntryPath[] | undefined
  /**
   * Whether files that exist are replaced. `never`, the default: one that differs from the snapshot is `TARGET_EXISTS`
   * before anything is written; one that does not differ is kept.
   */
  readonly overwrite?: 'never' | 'always' | undefined
  /** Whether to restore what there is where something is missing or damaged; false by default. */
  readonly partial?: boolean | undefined
  /** Whether set-id and sticky bits are restored; false by default. */
  readonly specialBits?: boolean | undefined
}

/** What a restore did. */
export interface RestoreResult {
  /** The snapshot that was restored. */
  readonly snapshot: Snapshot
  /** Entries that are in the target now. */
  readonly entries: number
  /** Those of them that were there already. */
  readonly kept: number
  /** Bytes of the files that were written. */
  readonly bytes: number
  /** Whether all that was asked for is there: `problems` is empty. */
  readonly complete: boolean
  /** What could not be restored, each with its path in `details` where it is one entry. */
  readonly problems: readonly AnyHoldfastError[]
  /** What is wrong with the backup and did not keep this restore from its end. */
  readonly warnings: readonly AnyHoldfastError[]
}

/** @internal */
export async function restore(
  connection: Connection,
  snapshot: SnapshotRef,
  how: RestoreOptions,
): Promise<RestoreResult> {
  const { to, paths = [], overwrite = 'never', partial, specialBits } = checkedOptions(how, 'options')
  const target = filePath(to, 'to')
  if (!Array.isArray(paths)) throw invalid('paths must be an array')
  if (overwrite !== 'never' && overwrite !== 'always') throw invalid("overwrite must be 'never' or 'always'")
  const options = {
    paths: paths.map((path: unknown, index) => entryPath(path, `paths[${index}]`)),
    overwrite: overwrite === 'always',
    partial: flag(partial, 'partial', false),
    specialBits: flag(specialBits, 'specialBits', false),
  }
  return connection.run(how, async (control, repository, addon) => {
    const done = await addon.repositoryRestore(control, repository, referenceOf(snapshot), target, options)
    return {
      snapshot: snapshotOf(done.snapshot),
      entries: done.entries,
      kept: done.kept,
      bytes: done.bytes,
      complete: done.problems.length === 0,
      problems: done.problems.map((failure) => connection.reported(failure)),
      warnings: done.warnings.map((failure) => connection.reported(failure)),
    }
  })
}
