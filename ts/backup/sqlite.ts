import { options } from '../arguments.ts'
import { invalid } from '../errors.ts'
import { type FilePath, filePath, type NativePath } from '../file-path.ts'

/** How a database is copied. */
export interface SqliteOptions {
  /**
   * Writes a consistent copy of the database to `target`, a file that is there and empty: for databases that only the
   * program itself can read, encrypted ones say. By default SQLite's own online backup makes the copy, beside whoever
   * writes meanwhile.
   */
  readonly snapshot?: ((target: string) => void | Promise<void>) | undefined
  /** Its name in the snapshot; the last name of its path by default. */
  readonly as?: string | undefined
}

/** A database among the sources of a backup. Made by {@link sqlite}. */
export class Database {
  /** @internal */
  readonly path: NativePath
  /** @internal */
  readonly as: string | undefined
  /** @internal */
  readonly snapshot: SqliteOptions['snapshot']

  /** @internal */
  constructor(path: NativePath, as: string | undefined, snapshot: SqliteOptions['snapshot']) {
    this.path = path
    this.as = as
    this.snapshot = snapshot
  }
}

/**
 * The SQLite database at `path`, to be backed up through a consistent copy even if it does not begin like one. Files that
 * do begin like one are taken through a copy anyway, wherever they lie in the sources; what lies beside them for SQLite's
 * own use (`-wal`, `-shm`, `-journal`) is not backed up.
 *
 * @throws {@link UsageError} `INVALID_ARGUMENT`
 */
export function sqlite(path: FilePath, how: SqliteOptions = {}): Database {
  const { snapshot, as } = options(how, 'options')
  if (snapshot !== undefined && typeof snapshot !== 'function') throw invalid('snapshot must be a function')
  if (as !== undefined && typeof as !== 'string') throw invalid('as must be a string')
  return new Database(filePath(path, 'path'), as, how.snapshot)
}
