import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalid } from '../errors.ts'
import { checkUpload, pieces } from './body.ts'
import type {
  Body,
  Destination,
  DestinationCall,
  GetOptions,
  ObjectInfo,
  ObjectPath,
  PutOptions,
} from './destination.ts'
import { destinationFailed, exists, missing } from './failure.ts'
import { Draft, sweep } from './local-draft.ts'
import { disk, NAME, unlessAbsent } from './local-failure.ts'
import { checkPath, checkPrefix, isObjectPath } from './object-path.ts'
import { rangeOf, streamOf } from './object-stream.ts'

const PIECE_BYTES = 1_048_576
const STATS_AT_A_TIME = 64

/** A named pipe or a link in an object's place must neither block nor lead elsewhere; Windows has no such flags. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * A folder on a disk or a share, made when something is first stored in it.
 *
 * An object is written to a hidden temporary file in the folder, flushed, and only then given its name, with `ifAbsent`
 * by a hard link, which fails when the name is taken. What a killed process leaves behind is never listed, and removed
 * by a later one. On file systems without hard links (FAT, some shares) two writers that store under one name in the
 * same instant both succeed, and the last one stays.
 *
 * @throws `INVALID_ARGUMENT` unless `path` is a path or a `file:` URL.
 */
export function localFolder(path: string | URL): Destination {
  return new LocalFolder(resolve(pathOf(path)))
}

/**
 * The folder of a destination that is one.
 *
 * @internal
 */
export function folderOf(destination: Destination): string | undefined {
  return destination instanceof LocalFolder ? destination.root : undefined
}

class LocalFolder implements Destination {
  readonly name = NAME
  readonly limits = { maxObjectBytes: Number.MAX_SAFE_INTEGER }
  readonly root: string
  #swept: Promise<void> | undefined

  constructor(root: string) {
    this.root = root
  }

  async put(path: ObjectPath, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    checkPath(path)
    checkUpload(this, body, options)
    const { ifAbsent, signal } = options
    signal?.throwIfAborted()
    if (ifAbsent && (await stats(this.#at(path)))) throw exists(NAME, path)
    const draft = await this.#draft()
    try {
      for await (const piece of pieces(body, { ...options, destination: this, path })) await draft.write(piece)
      await draft.flush()
      signal?.throwIfAborted()
      const published = await draft.publish(this.#at(path), ifAbsent ?? false)
      if (!published) throw exists(NAME, path)
      return { ...published, path, ...(options.sha256 !== undefined && { sha256: options.sha256 }) }
    } finally {
      await draft.discard()
    }
  }

  async get(path: ObjectPath, options: GetOptions = {}): Promise<ReadableStream<Uint8Array>> {
    checkPath(path)
    const { signal } = options
    const { offset, length } = rangeOf(options)
    signal?.throwIfAborted()
    const { file, size } = await this.#open(path)
    const end = Math.min(size, offset + length)
    let position = offset
    const next = async (): Promise<Uint8Array | undefined> => {
      if (position >= end) return undefined
      const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, end - position))
      const { bytesRead } = await disk(() => file.read(piece, 0, piece.length, position))
      if (bytesRead === 0)
        throw destinationFailed('DESTINATION_UNREACHABLE', NAME, 'an object was cut while it was read')
      position += bytesRead
      return piece.subarray(0, bytesRead)
    }
    return streamOf(next, () => file.close(), signal)
  }

  async stat(path: ObjectPath, { signal }: DestinationCall = {}): Promise<ObjectInfo | undefined> {
    checkPath(path)
    signal?.throwIfAborted()
    const found = await stats(this.#at(path))
    return found && { ...found, path }
  }

  async *list(prefix: string, { signal }: DestinationCall = {}): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix)
    yield* this.#below(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, signal)
  }

  async remove(path: ObjectPath, { signal }: DestinationCall = {}): Promise<void> {
    checkPath(path)
    signal?.throwIfAborted()
    await unlessAbsent(() => unlink(this.#at(path)))
  }

  /** Objects in `folder`, which is empty or ends with a slash, and in the folders below it. */
  async *#below(folder: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<ObjectInfo> {
    signal?.throwIfAborted()
    const entries = await unlessAbsent(() => readdir(this.#at(folder), { withFileTypes: true }))
    const named = (entries ?? []).filter(({ name }) => isObjectPath(name) && couldBegin(folder + name, prefix))
    for (let done = 0; done < named.length; done += STATS_AT_A_TIME) {
      signal?.throwIfAborted()
      const some = named.slice(done, done + STATS_AT_A_TIME).filter((entry) => entry.isFile())
      for (const info of await Promise.all(some.map(({ name }) => this.stat(folder + name)))) {
        if (info?.path.startsWith(prefix)) yield info
      }
    }
    for (const entry of named) {
      if (entry.isDirectory()) yield* this.#below(`${folder}${entry.name}/`, prefix, signal)
    }
  }

  async #open(path: ObjectPath): Promise<{ file: FileHandle; size: number }> {
    const file = await unlessAbsent(() => open(this.#at(path), READ))
    if (file === undefined) throw missing(NAME, path)
    const found = await disk(() => file.stat()).catch((failure: unknown) => closed(file, failure))
    return found.isFile() ? { file, size: found.size } : closed(file, missing(NAME, path))
  }

  /** A new temporary file; what killed processes left is removed before the first one. */
  async #draft(): Promise<Draft> {
    this.#swept ??= sweep(this.root)
    await this.#swept
    return Draft.create(this.root)
  }

  #at(path: string): string {
    return join(this.root, ...path.split('/'))
  }
}

/** Whether an object at or below `path` can have a path that begins with `prefix`. */
function couldBegin(path: string, prefix: string): boolean {
  return path.startsWith(prefix) || prefix.startsWith(`${path}/`)
}

async function closed(file: FileHandle, failure: unknown): Promise<never> {
  await file.close()
  throw failure
}

function pathOf(path: unknown): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  if (!(path instanceof URL)) throw invalid('the path of a folder must be text or a file: URL')
  try {
    return fileURLToPath(path)
  } catch (cause) {
    throw invalid('the URL of a folder names no folder', { cause })
  }
}

async function stats(path: string): Promise<{ size: number; modified: Date } | undefined> {
  const found = await unlessAbsent(() => lstat(path))
  return found?.isFile() ? { size: found.size, modified: found.mtime } : undefined
}
