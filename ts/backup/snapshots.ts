import { checkedCall } from '../call.ts'
import { invalid } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { SnapshotRecord } from './records.ts'

/** The sources at one time. */
export interface Snapshot {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** Its number: higher than those of all snapshots that were there before. */
  readonly sequence: number
  /** When its backup began, by the clock of the machine that made it. */
  readonly time: Date
  /** Name of that machine. */
  readonly host: string
  readonly tags: readonly string[]
  /** Names of its sources, as paths in it begin. */
  readonly sources: readonly string[]
  /** Whether all of the sources could be read. */
  readonly complete: boolean
  /** Files, folders and links in it. */
  readonly entries: number
  /** Bytes of its files. */
  readonly bytes: number
  /** Id of the snapshot that its sources were compared with. */
  readonly parent?: string
}

/** A snapshot: itself, its id or the beginning of it (4 digits at least), or the newest one that is complete. */
export type SnapshotRef = 'latest' | string | Snapshot

/** What stops a call that reports no progress. */
export interface Abortable {
  /** Stops the call: it rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/**
 * All snapshots, newest first, and then the failure that makes the list doubtful, if there is one.
 *
 * @internal
 */
export async function* snapshots(connection: Connection, how: Abortable): AsyncGenerator<Snapshot> {
  const { signal } = checkedCall(how)
  const found = await connection.run({ signal }, (control, repository, addon) =>
    addon.repositorySnapshots(control, repository),
  )
  yield* found.snapshots.map(snapshotOf)
  const { suspicion, damaged } = found
  const doubt = suspicion ?? damaged[0]
  if (doubt !== undefined) throw connection.reported(doubt)
}

/** @internal */
export function snapshotOf({ timeSeconds, timeNanos, incomplete, parent, ...same }: SnapshotRecord): Snapshot {
  return {
    ...same,
    time: new Date(timeSeconds * 1000 + Math.floor(timeNanos / 1_000_000)),
    complete: !incomplete,
    ...(typeof parent === 'string' && { parent }),
  }
}

/**
 * A snapshot as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function referenceOf(snapshot: unknown): string {
  const isSnapshot = typeof snapshot === 'object' && snapshot !== null && 'id' in snapshot
  const reference: unknown = isSnapshot ? snapshot.id : snapshot
  if (typeof reference === 'string') return reference
  throw invalid("snapshot must be a Snapshot, the id of one, or 'latest'")
}
