import { isUint8Array } from 'node:util/types'
import { bytes, options as checkedOptions } from '../arguments.ts'
import { checkedCall } from '../call.ts'
import { invalid } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { EntriesHandle, EntryRecord } from './records.ts'
import { type Abortable, referenceOf, type Snapshot, type SnapshotRef, snapshotOf, snapshots } from './snapshots.ts'

/** Entries that cross from the addon at a time. */
const BATCH = 1000

/** A file, a folder or a link in a snapshot. */
export interface Entry {
  /** Names between slashes, the source's first; what is no UTF-8 in them is shown as U+FFFD. */
  readonly path: string
  /** The same, byte for byte. */
  readonly pathBytes: Uint8Array
  readonly kind: 'file' | 'directory' | 'symlink'
  /** Bytes of a file; 0 for others. */
  readonly size: number
  /** Permissions and the set-id and sticky bits: the low 12 bits of Unix. */
  readonly mode: number
  /** When it was changed. */
  readonly modified: Date
  /** Nanoseconds of that within their second, 0 to 999 999 999. */
  readonly modifiedNanos: number
  /** Where a link leads; what is no UTF-8 in it is shown as U+FFFD. */
  readonly target?: string
}

/** A path within a snapshot: text, or bytes where a name is no UTF-8. */
export type EntryPath = string | Uint8Array

/** What is listed. */
export interface ListOptions extends Abortable {
  /** What lies at this path and below; everything by default. */
  readonly path?: EntryPath | undefined
}

/** Where to look. */
export interface FindOptions extends Abortable {
  /** One snapshot; all of them by default, the newest first. */
  readonly snapshot?: SnapshotRef | undefined
}

/** An entry and the snapshot that has it. */
export interface Found extends Entry {
  readonly snapshot: Snapshot
}

/** @internal */
export async function* list(connection: Connection, snapshot: SnapshotRef, how: ListOptions): AsyncGenerator<Entry> {
  const { path } = checkedOptions(how, 'options')
  const { signal } = checkedCall(how)
  const under = path === undefined ? null : entryPath(path, 'path')
  const entries = await openEntries(connection, referenceOf(snapshot), { under, signal })
  for await (const record of recordsOf(connection, entries, signal)) yield entryOf(record)
}

/** @internal */
export async function* find(connection: Connection, patterns: unknown, how: FindOptions): AsyncGenerator<Found> {
  const { snapshot } = checkedOptions(how, 'options')
  const selection = { patterns: checkedPatterns(patterns), signal: checkedCall(how).signal }
  if (snapshot !== undefined) return yield* findIn(connection, referenceOf(snapshot), selection)
  for await (const { id } of snapshots(connection, how)) yield* findIn(connection, id, selection)
}

/** What is read of a snapshot. @internal */
export interface Selection extends Abortable {
  /** What lies at this path and below. */
  readonly under?: EntryPath | null
  /** Entries that fit one of these. */
  readonly patterns?: string[]
}

/** Begins to read the entries of a snapshot. @internal */
export async function openEntries(
  connection: Connection,
  snapshot: string,
  { under = null, patterns = [], signal }: Selection,
): Promise<EntriesHandle> {
  return connection.run({ signal }, (control, repository, addon) =>
    addon.repositoryEntries(control, repository, snapshot, under, patterns),
  )
}

/** The entries as the addon describes them, read as they are asked for. @internal */
export async function* recordsOf(
  connection: Connection,
  entries: EntriesHandle,
  signal: AbortSignal | undefined,
): AsyncGenerator<EntryRecord> {
  try {
    for (;;) {
      const some = await connection.run({ signal }, (control) => entries.next(control, BATCH))
      if (some.length === 0) return
      yield* some
    }
  } finally {
    entries.close()
  }
}

/** @internal */
export function entryOf({ path, kind, size, mode, modifiedSeconds, modifiedNanos, target }: EntryRecord): Entry {
  return {
    path: path.toString(),
    pathBytes: path,
    kind,
    size,
    mode,
    modified: new Date(modifiedSeconds * 1000 + Math.floor(modifiedNanos / 1_000_000)),
    modifiedNanos,
    ...(target !== undefined && { target: target.toString() }),
  }
}

/**
 * A path within a snapshot as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function entryPath(path: unknown, name: string): EntryPath {
  if (typeof path === 'string') return path
  if (isUint8Array(path)) return bytes(path, name)
  throw invalid(`${name} must be a string or bytes`)
}

async function* findIn(connection: Connection, reference: string, selection: Selection): AsyncGenerator<Found> {
  const entries = await openEntries(connection, reference, selection)
  const snapshot = snapshotOf(entries.snapshot)
  for await (const record of recordsOf(connection, entries, selection.signal)) yield { ...entryOf(record), snapshot }
}

function checkedPatterns(patterns: unknown): string[] {
  const given: readonly unknown[] = Array.isArray(patterns) ? patterns : [patterns]
  if (given.length > 0 && given.every((pattern) => typeof pattern === 'string')) return [...given]
  throw invalid('patterns must be a string, or some')
}
