import { hostname } from 'node:os'
import { options as checkedOptions, flag } from '../arguments.ts'
import type { Call } from '../call.ts'
import { type AnyHoldfastError, invalid } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { Failure } from './records.ts'
import { type Snapshot, snapshotOf } from './snapshots.ts'
import { checkedSources } from './sources.ts'

/** How a backup is made. */
export interface BackupOptions extends Call {
  /**
   * Patterns of what is left out. `*` and `?` stay within a name, `**` does not. A pattern without `/` fits that name
   * anywhere; one with `/` fits whole paths, which begin with the source's name; one that ends with `/` fits folders only.
   */
  readonly exclude?: readonly string[] | undefined
  /** Words by which the snapshot can be told from others. */
  readonly tags?: readonly string[] | undefined
  /** Name of this machine; the system's by default. */
  readonly host?: string | undefined
  /** Whether content that becomes smaller by it is compressed; true by default. */
  readonly compress?: boolean | undefined
  /** Whether everything is read and counted, and nothing stored; false by default. */
  readonly dryRun?: boolean | undefined
}

/** What a backup made. */
export interface BackupResult {
  /** Id of the snapshot. */
  readonly id: string
  /** The snapshot; after a dry run, what it would have been. */
  readonly snapshot: Snapshot
  /** Whether all of the sources could be read: `unread` is empty. */
  readonly complete: boolean
  /** What could not be read, and is not in the snapshot. */
  readonly unread: readonly FileProblem[]
  /** What no backup holds: sockets, pipes, devices. */
  readonly notStored: readonly FileProblem[]
  /** Numbers of files, compared with the backup before by this machine. */
  readonly files: FileCounts
  /** Bytes that were read from the sources. */
  readonly readBytes: number
  /** Bytes of all new objects; after a dry run, what they would have been. */
  readonly storedBytes: number
  /** What is wrong with the backup and did not keep this one from its end. */
  readonly warnings: readonly AnyHoldfastError[]
}

/** Numbers of files. */
export interface FileCounts {
  readonly new: number
  readonly changed: number
  readonly unchanged: number
}

/** Something of the sources that is not in the snapshot. */
export interface FileProblem {
  /** Where it would be in the snapshot. */
  readonly path: string
  /** It could not be read; it changed while it was read, twice; it exceeds a limit of the format; it is no file. */
  readonly kind: 'unreadable' | 'changed' | 'too-large' | 'special'
  /** Why. Its `cause` is what a source of the caller's threw. */
  readonly error: AnyHoldfastError
}

type Report = (failure: Failure) => AnyHoldfastError

const KINDS: readonly FileProblem['kind'][] = ['unreadable', 'changed', 'too-large', 'special']

/** @internal */
export async function backup(connection: Connection, sources: unknown, how: BackupOptions): Promise<BackupResult> {
  const { natives, supplies } = checkedSources(sources)
  const options = { ...checked(how), skipped: await connection.ownFolders() }
  return connection.run(
    how,
    async (control, repository, addon, thrownBySource) => {
      const made = await addon.repositoryBackup(control, repository, natives, options)
      const problems = made.problems.map((problem) =>
        problemOf(problem, (failure) => connection.reported(failure, thrownBySource(failure.message))),
      )
      return {
        id: made.snapshot.id,
        snapshot: snapshotOf(made.snapshot),
        complete: !made.snapshot.incomplete,
        unread: problems.filter(({ kind }) => kind !== 'special'),
        notStored: problems.filter(({ kind }) => kind === 'special'),
        files: { new: made.filesNew, changed: made.filesChanged, unchanged: made.filesUnchanged },
        readBytes: made.readBytes,
        storedBytes: made.storedBytes,
        warnings: made.warnings.map((failure) => connection.reported(failure)),
      }
    },
    supplies,
  )
}

function checked(how: BackupOptions): {
  exclude: string[]
  tags: string[]
  host: string
  compress: boolean
  dryRun: boolean
} {
  const { exclude, tags, host = hostname(), compress, dryRun } = checkedOptions(how, 'options')
  if (typeof host !== 'string') throw invalid('host must be a string')
  return {
    exclude: texts(exclude, 'exclude'),
    tags: texts(tags, 'tags'),
    host,
    compress: flag(compress, 'compress', true),
    dryRun: flag(dryRun, 'dryRun', false),
  }
}

function texts(value: unknown = [], name: string): string[] {
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return [...value]
  throw invalid(`${name} must be an array of strings`)
}

function problemOf({ code, message, details }: Failure, reported: Report): FileProblem {
  const { kind, ...rest } = details
  return {
    path: String(rest['path'] ?? ''),
    kind: KINDS.find((known) => known === kind) ?? 'unreadable',
    error: reported({ code, message, details: rest }),
  }
}
