import { realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { type Destination, openAddress, parseAddress } from '../index.ts'
import { CommandLineError } from './report.ts'

/** A destination, as the person named it. */
export interface Place {
  /** What was typed; it holds no credential. */
  readonly name: string
  readonly store: Destination
  /** The folder, where it is one. */
  readonly folder?: string
}

/**
 * The destination at an address; nothing is sent yet.
 *
 * What is wrong with an address is said without repeating it: somebody may have put a secret there.
 */
export async function placeAt(name: string): Promise<Place> {
  const address = parseAddress(name)
  const store = await openAddress(address)
  return { name, store, ...(address.kind === 'folder' && { folder: address.path }) }
}

/** Refuses to back up the destination itself. */
export function refuseItself(source: string, { folder }: Place): void {
  if (folder === undefined || real(source) !== real(folder)) return
  throw new CommandLineError(
    'the folder to back up is the destination itself',
    'Name another folder; one that holds the destination is fine: the destination is left out.',
  )
}

/** Refuses to restore into the destination: its objects would lie among the restored files. */
export function refuseWithin(target: string, { folder }: Place): void {
  if (folder === undefined) return
  const way = relative(real(folder), real(target))
  if (way !== '' && (way.startsWith('..') || resolve(way) === way)) return
  throw new CommandLineError('the target lies in the destination', 'Say another folder with --target.')
}

/** The path without links, as far as it exists. */
function real(path: string): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    const above = dirname(whole)
    return above === whole ? whole : join(real(above), basename(whole))
  }
}
