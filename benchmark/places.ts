import { randomBytes, randomFillSync } from 'node:crypto'
import { closeSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { MIB } from './options.ts'

/** A folder that is measured in. */
export interface Place {
  readonly name: string
  readonly folder: string
}

const TMPFS = '/dev/shm'
/** Source, sealed and opened file, and as much again for whatever else lives there. */
const FILES_AT_ONCE = 4

/** Fresh folders on the disk and, where it has room, in memory; with a reason for each place that is left out. */
export async function makePlaces(
  wanted: readonly string[],
  disk: string,
  size: number,
): Promise<{ places: Place[]; left: string[] }> {
  const places: Place[] = []
  const left: string[] = []
  for (const { name, parent } of [
    { name: 'disk', parent: disk },
    { name: 'tmpfs', parent: TMPFS },
  ]) {
    if (!wanted.includes(name)) continue
    if (name === 'disk') await mkdir(parent, { recursive: true })
    const free = await freeBytes(parent)
    if (free < FILES_AT_ONCE * size) {
      left.push(`${name}: ${parent} has room for ${Math.floor(free / MIB)} MiB, not for ${FILES_AT_ONCE} files`)
    } else {
      places.push({ name, folder: await scratch(parent) })
    }
  }
  return { places, left }
}

/** Room in the file system of a folder; none where there is no such folder. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

const scratchFolders: string[] = []

/** A folder that goes when the program ends, however it ends. */
export async function scratch(parent: string): Promise<string> {
  const folder = await mkdtemp(join(parent, 'holdfast-bench-'))
  if (scratchFolders.length === 0) {
    process.once('exit', () => {
      for (const each of scratchFolders) rmSync(each, { recursive: true, force: true })
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  }
  scratchFolders.push(folder)
  return folder
}

/** One secret in the forms that the candidates need. */
export async function writeKeys(folder: string): Promise<string> {
  const keys = join(folder, 'keys')
  await mkdir(keys, { mode: 0o700 })
  const identity = await generateHybridIdentity()
  const write = (name: string, content: string | Buffer) => writeFileSync(join(keys, name), content, { mode: 0o600 })
  write('raw', randomBytes(32))
  write('password', randomBytes(16).toString('hex'))
  write('identity', `${identity}\n`)
  write('recipient', `${await identityToRecipient(identity)}\n`)
  return keys
}

/** A file of random bytes: nothing that a file system could compress. */
export function writeRandom(path: string, size: number): void {
  const file = openSync(path, 'wx')
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, MIB))
  try {
    for (let left = size; left > 0; left -= MIB) {
      const piece = buffer.subarray(0, Math.min(left, MIB))
      randomFillSync(piece)
      writeSync(file, piece)
    }
  } finally {
    closeSync(file)
  }
}

/** Whether two files have the same length and, from `start` on, the same bytes. */
export async function sameBytes(one: string, other: string, start = 0): Promise<boolean> {
  const [{ size }, { size: otherSize }] = await Promise.all([stat(one), stat(other)])
  if (size !== otherSize) return false
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const
  const [left, right] = [Buffer.allocUnsafeSlow(MIB), Buffer.allocUnsafeSlow(MIB)]
  try {
    for (let at = start; at < size; ) {
      const count = readSync(files[0], left, 0, MIB, at)
      if (count === 0 || readSync(files[1], right, 0, count, at) !== count) return false
      if (left.compare(right, 0, count, 0, count) !== 0) return false
      at += count
    }
    return true
  } finally {
    for (const file of files) closeSync(file)
  }
}
