import { checkedCall } from '../call.ts'
import type { AnyHoldfastError } from '../errors.ts'
import { type BackupOptions, type BackupResult, backup } from './backup.ts'
import { type CheckOptions, type CheckReport, check } from './check.ts'
import type { Connection } from './connection.ts'
import { type Difference, diff } from './diff.ts'
import { type Entry, type EntryPath, type FindOptions, type Found, find, type ListOptions, list } from './entries.ts'
import { Keyring } from './keyring.ts'
import { openRange, type RangeReader } from './range-reader.ts'
import { type RestoreOptions, type RestoreResult, restore } from './restore.ts'
import { type Abortable, type Snapshot, type SnapshotRef, snapshots } from './snapshots.ts'
import type { SourceInput } from './sources.ts'
import { type Stats, stats } from './stats.ts'
import { Turns } from './turns.ts'

let wrap: (connection: Connection) => Repository

/**
 * An open backup at a destination: the snapshots that are there, and the means to add one.
 *
 * Made by {@link createRepository} and {@link openRepository}. Every call looks at the destination anew. Calls can run
 * side by side; backups wait for each other. After {@link Repository.close} every call is `INVALID_ARGUMENT`.
 *
 * What any of its calls can reject with, besides what it says: {@link DestinationError} as the destination fails, and
 * the destination's own errors unchanged; {@link IntegrityError} `ROLLBACK_SUSPECTED`, `PROTECTION_DOWNGRADED`,
 * `REPOSITORY_FORGED`; `signal.reason` when aborted.
 */
export class Repository implements AsyncDisposable {
  /** 32 hexadecimal digits that tell it from all others. */
  readonly id: string
  /** How often its secret was replaced, from 1. */
  readonly epoch: number
  /** Whether it takes a credential to read it. */
  readonly isProtected: boolean
  /** What was wrong when it was opened, and did not keep it from opening. */
  readonly warnings: readonly AnyHoldfastError[]
  /** The credentials that open it. */
  readonly credentials: Keyring
  readonly #connection: Connection
  readonly #backups = new Turns()

  private constructor(connection: Connection) {
    const { id, epoch, isProtected, warnings } = connection.handle
    this.id = id
    this.epoch = epoch
    this.isProtected = isProtected
    this.warnings = warnings.map((failure) => connection.reported(failure))
    this.credentials = new Keyring(connection)
    this.#connection = connection
  }

  static {
    wrap = (connection) => new Repository(connection)
  }

  /**
   * Makes a snapshot of the sources: reads what has changed, stores what is new. Once it returns the snapshot is there;
   * a call that fails has at most stored pieces that the next one uses (or, when the very last request to the destination
   * was given up, the snapshot). What could not be read is no failure, but in the result.
   *
   * @throws {@link FileError} `SOURCE_UNREADABLE` if nothing at all could be read.
   * @throws {@link AvailabilityError} `LOCKED`, `EPOCH_CHANGING`.
   * @throws {@link UsageError} `INVALID_ARGUMENT`.
   *
   * @example
   * ```ts
   * const { complete, storedBytes } = await repository.backup(['Media', sqlite('messages.db')])
   * ```
   */
  async backup(sources: SourceInput | readonly SourceInput[], options: BackupOptions = {}): Promise<BackupResult> {
    this.#connection.ensureOpen()
    const { signal } = checkedCall(options)
    return this.#backups.take(signal, () => backup(this.#connection, sources, options))
  }

  /**
   * All snapshots, newest first. When one cannot be read, or the list seems older than it was, the iteration ends with
   * that failure, after all that can be read.
   *
   * @throws {@link IntegrityError} `ROLLBACK_SUSPECTED`, `OBJECT_MISMATCH`, `OBJECT_FORGED`, `SNAPSHOT_TAMPERED`.
   */
  snapshots(options: Abortable = {}): AsyncIterable<Snapshot> {
    return snapshots(this.#connection, options)
  }

  /**
   * What is in a snapshot, in the order of names, every folder before what lies in it.
   *
   * @throws {@link UsageError} `SNAPSHOT_MISSING`.
   * @throws {@link IntegrityError} `BLOCK_MISSING`, `SNAPSHOT_TAMPERED`, and other damage.
   */
  list(snapshot: SnapshotRef, options: ListOptions = {}): AsyncIterable<Entry> {
    return list(this.#connection, snapshot, options)
  }

  /**
   * Entries whose names or paths fit one of the patterns, which are those of {@link BackupOptions.exclude}: of one
   * snapshot, or of all.
   *
   * @throws as {@link Repository.list} and {@link Repository.snapshots} do.
   */
  find(patterns: string | readonly string[], options: FindOptions = {}): AsyncIterable<Found> {
    return find(this.#connection, patterns, options)
  }

  /**
   * What is different in a later snapshot, in the order of names.
   *
   * @throws as {@link Repository.list} does.
   */
  diff(before: SnapshotRef, after: SnapshotRef, options: Abortable = {}): AsyncIterable<Difference> {
    return diff(this.#connection, before, after, options)
  }

  /**
   * Restores a snapshot, or parts of it, into a folder. Nothing is written before everything that is needed was found. A
   * file gets its name only when it is whole and verified; an interrupted call is finished by calling it again.
   *
   * @throws {@link UsageError} `SNAPSHOT_MISSING`, `INVALID_ARGUMENT`, also for a path that the snapshot does not have.
   * @throws {@link IntegrityError} `BLOCK_MISSING`, `PATH_UNSAFE`, `SNAPSHOT_TAMPERED`, and other damage; unless
   * `partial`, where what is missing or damaged is in the result.
   * @throws {@link FileError} `TARGET_EXISTS`, `TARGET_UNSAFE`, `TARGET_UNWRITABLE`, `NO_SPACE`.
   */
  async restore(snapshot: SnapshotRef, options: RestoreOptions): Promise<RestoreResult> {
    return restore(this.#connection, snapshot, options)
  }

  /**
   * Opens one file of a snapshot for reading at any offset.
   *
   * @throws {@link UsageError} `SNAPSHOT_MISSING`, also for a path that the snapshot does not have; `INVALID_ARGUMENT` for
   * a folder or a link.
   * @throws {@link IntegrityError} `BLOCK_MISSING`, `SNAPSHOT_TAMPERED`, and other damage.
   */
  async openFile(snapshot: SnapshotRef, path: EntryPath, options: Abortable = {}): Promise<RangeReader> {
    return openRange(this.#connection, snapshot, path, options)
  }

  /** Looks for what is missing, damaged or forged. Whatever is wrong with the backup is in the result. */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    return check(this.#connection, options)
  }

  /** How large the backup is. */
  async stats(options: Abortable = {}): Promise<Stats> {
    return stats(this.#connection, options)
  }

  /** Forgets the secret. Calls that have begun keep it until they end. Closing twice is harmless. */
  async close(): Promise<void> {
    this.#connection.close()
  }

  /** Closes the repository at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * The public object for a connection.
 *
 * @internal
 */
export function repositoryOf(connection: Connection): Repository {
  return wrap(connection)
}
