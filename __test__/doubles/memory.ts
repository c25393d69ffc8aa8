import { createHash } from 'node:crypto'
import { checkUpload, pieces } from '../../ts/destinations/body.ts'
import type {
  Body,
  Destination,
  DestinationCall,
  GetOptions,
  ObjectInfo,
  ObjectPath,
  PutOptions,
} from '../../ts/destinations/destination.ts'
import { destinationFailed, exists, missing } from '../../ts/destinations/failure.ts'
import { checkPath, checkPrefix } from '../../ts/destinations/object-path.ts'
import { rangeOf, streamOf } from '../../ts/destinations/object-stream.ts'

interface Stored {
  readonly bytes: Uint8Array
  readonly modified: Date
}

/** A destination in memory: as quick and as faithful as there is. Tests look into `objects` and change them. */
export class Memory implements Destination {
  readonly name = 'memory'
  readonly limits: { readonly maxObjectBytes: number }
  readonly objects = new Map<ObjectPath, Stored>()
  readonly #capacity: number

  constructor({ capacity = Number.POSITIVE_INFINITY, maxObjectBytes = Number.MAX_SAFE_INTEGER } = {}) {
    this.limits = { maxObjectBytes }
    this.#capacity = capacity
  }

  /** The bytes of an object that is there. */
  bytes(path: ObjectPath): Uint8Array {
    const stored = this.objects.get(path)
    if (!stored) throw missing(this.name, path)
    return stored.bytes
  }

  /** The same objects in a destination of their own. */
  copy(): Memory {
    const copy = new Memory()
    for (const [path, stored] of this.objects) copy.objects.set(path, stored)
    return copy
  }

  /** Stores bytes without any check. */
  plant(path: ObjectPath, bytes: Uint8Array, modified = new Date()): void {
    this.objects.set(path, { bytes, modified })
  }

  async put(path: ObjectPath, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    checkPath(path)
    checkUpload(this, body, options)
    const taken = (): boolean => options.ifAbsent === true && this.objects.has(path)
    options.signal?.throwIfAborted()
    if (taken()) throw exists(this.name, path)
    const parts: Uint8Array[] = []
    for await (const piece of pieces(body, { ...options, destination: this, path })) parts.push(piece.slice())
    if (taken()) throw exists(this.name, path)
    const bytes = new Uint8Array(Buffer.concat(parts))
    if (bytes.byteLength + this.#used(path) > this.#capacity) {
      throw destinationFailed('DESTINATION_FULL', this.name, 'no room is left')
    }
    this.plant(path, bytes)
    return this.#info(path, this.objects.get(path) as Stored)
  }

  async get(path: ObjectPath, options: GetOptions = {}): Promise<ReadableStream<Uint8Array>> {
    checkPath(path)
    const { offset, length } = rangeOf(options)
    options.signal?.throwIfAborted()
    const part = this.bytes(path).slice(offset, offset + length)
    let position = 0
    const next = async (): Promise<Uint8Array | undefined> => {
      const piece = part.subarray(position, position + 65_536)
      position += piece.byteLength
      return piece.byteLength === 0 ? undefined : piece
    }
    return streamOf(next, () => {}, options.signal)
  }

  async stat(path: ObjectPath, { signal }: DestinationCall = {}): Promise<ObjectInfo | undefined> {
    checkPath(path)
    signal?.throwIfAborted()
    const stored = this.objects.get(path)
    return stored && this.#info(path, stored)
  }

  async *list(prefix: string, { signal }: DestinationCall = {}): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix)
    signal?.throwIfAborted()
    for (const [path, stored] of [...this.objects]) {
      signal?.throwIfAborted()
      if (path.startsWith(prefix)) yield this.#info(path, stored)
    }
  }

  async remove(path: ObjectPath, { signal }: DestinationCall = {}): Promise<void> {
    checkPath(path)
    signal?.throwIfAborted()
    this.objects.delete(path)
  }

  #info(path: ObjectPath, { bytes, modified }: Stored): ObjectInfo {
    return { path, size: bytes.byteLength, modified, sha256: createHash('sha256').update(bytes).digest('hex') }
  }

  #used(except: ObjectPath): number {
    return [...this.objects].reduce((sum, [path, { bytes }]) => sum + (path === except ? 0 : bytes.byteLength), 0)
  }
}
