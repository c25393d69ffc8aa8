import { checkedCall } from '../call.ts'
import type { Connection } from './connection.ts'
import { type Entry, entryOf, openEntries, recordsOf } from './entries.ts'
import type { EntryRecord } from './records.ts'
import { type Abortable, referenceOf, type SnapshotRef } from './snapshots.ts'

/** How an entry of one snapshot differs from that of another. */
export interface Difference {
  /** Names between slashes; what is no UTF-8 in them is shown as U+FFFD. */
  readonly path: string
  /** The same, byte for byte. */
  readonly pathBytes: Uint8Array
  /** `changed`: another content, target or kind. `metadata`: only times or modes differ. */
  readonly change: 'added' | 'removed' | 'changed' | 'metadata'
  /** The entry before; left out where it was added. */
  readonly before?: Entry
  /** The entry after; left out where it was removed. */
  readonly after?: Entry
}

const SLASH = 0x2f

/** @internal */
export async function* diff(
  connection: Connection,
  before: SnapshotRef,
  after: SnapshotRef,
  how: Abortable,
): AsyncGenerator<Difference> {
  const { signal } = checkedCall(how)
  const older = await reading(connection, before, signal)
  const newer = await reading(connection, after, signal)
  try {
    let [one, other] = [await older.next(), await newer.next()]
    while (!(one.done && other.done)) {
      const order = one.done ? 1 : other.done ? -1 : inTreeOrder(one.value.path, other.value.path)
      const pair = { before: order <= 0 ? one.value : undefined, after: order >= 0 ? other.value : undefined }
      const difference = differenceOf(pair)
      if (difference) yield difference
      if (order <= 0) one = await older.next()
      if (order >= 0) other = await newer.next()
    }
  } finally {
    await older.return(undefined)
    await newer.return(undefined)
  }
}

/**
 * Which of two paths comes first in a snapshot: names are compared byte for byte, and what lies in a folder follows it.
 *
 * @internal
 */
export function inTreeOrder(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.byteLength, other.byteLength)
  for (let at = 0; at < length; at += 1) {
    const difference = rank(one[at]) - rank(other[at])
    if (difference !== 0) return difference
  }
  return one.byteLength - other.byteLength
}

function rank(byte: number | undefined): number {
  return byte === SLASH || byte === undefined ? 0 : byte
}

async function reading(
  connection: Connection,
  snapshot: SnapshotRef,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<EntryRecord, undefined>> {
  return recordsOf(connection, await openEntries(connection, referenceOf(snapshot), { signal }), signal)
}

interface Pair {
  readonly before: EntryRecord | undefined
  readonly after: EntryRecord | undefined
}

function differenceOf({ before, after }: Pair): Difference | undefined {
  const record = after ?? before
  const change = changeOf({ before, after })
  if (record === undefined || change === undefined) return undefined
  return {
    path: record.path.toString(),
    pathBytes: record.path,
    change,
    ...(before !== undefined && { before: entryOf(before) }),
    ...(after !== undefined && { after: entryOf(after) }),
  }
}

function changeOf({ before, after }: Pair): Difference['change'] | undefined {
  if (before === undefined) return 'added'
  if (after === undefined) return 'removed'
  const isSameContent =
    before.kind === after.kind && before.content === after.content && sameBytes(before.target, after.target)
  if (!isSameContent) return 'changed'
  const isSame =
    before.mode === after.mode &&
    before.modifiedSeconds === after.modifiedSeconds &&
    before.modifiedNanos === after.modifiedNanos
  return isSame ? undefined : 'metadata'
}

function sameBytes(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}
