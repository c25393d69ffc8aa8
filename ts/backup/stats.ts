import { checkedCall } from '../call.ts'
import type { AnyHoldfastError } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { Abortable } from './snapshots.ts'

/** How large a backup is. */
export interface Stats {
  readonly snapshots: number
  readonly packs: number
  /** Objects of every kind. */
  readonly objects: number
  /** Bytes of all objects, as the destination stores them. */
  readonly storedBytes: number
  /** Pieces of files, each counted once. */
  readonly blocks: number
  /** Bytes of those before compression. */
  readonly blockBytes: number
  /** Bytes of the files of all snapshots together: what they would take side by side. */
  readonly contentBytes: number
  /** What is wrong with the backup and may make the figures too small. */
  readonly warnings: readonly AnyHoldfastError[]
}

/** @internal */
export async function stats(connection: Connection, how: Abortable): Promise<Stats> {
  const { signal } = checkedCall(how)
  return connection.run({ signal }, async (control, repository, addon) => {
    const { warnings, ...figures } = await addon.repositoryStats(control, repository)
    return { ...figures, warnings: warnings.map((failure) => connection.reported(failure)) }
  })
}
