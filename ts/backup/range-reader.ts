import { options as checkedOptions } from '../arguments.ts'
import { checkedCall } from '../call.ts'
import { streamOf } from '../destinations/object-stream.ts'
import { invalid } from '../errors.ts'
import { native } from '../native/binding.ts'
import type { Connection } from './connection.ts'
import { type EntryPath, entryPath } from './entries.ts'
import type { FileHandle } from './records.ts'
import { type Abortable, referenceOf, type SnapshotRef } from './snapshots.ts'

/** Bytes that a stream gives at a time: a block of an ordinary file. */
const PIECE_BYTES = 1_048_576

/** One file of a snapshot, read at any offset. Every byte is verified before it is handed out. */
export interface RangeReader extends AsyncDisposable {
  /** Length of the file in bytes. */
  readonly size: number
  /**
   * The bytes from `offset` on, `length` of them; fewer only where the file ends.
   *
   * @throws {@link IntegrityError} `OBJECT_MISMATCH`, `BLOCK_MISMATCH`, `BLOCK_MISSING`, `SNAPSHOT_TAMPERED`.
   * @throws {@link DestinationError} as the destination fails.
   * @throws {@link UsageError} `INVALID_ARGUMENT`, also when closed.
   * @throws `signal.reason` when aborted.
   */
  read(offset: number, length: number, call?: Abortable): Promise<Uint8Array>
  /** The file, or a part of it, as a stream, which fails as {@link RangeReader.read} does. */
  stream(part?: StreamOptions): ReadableStream<Uint8Array>
  /** Forgets the file. What is being read is still read. Closing twice is harmless. */
  close(): Promise<void>
}

/** Which part of a file is streamed: positions as those of `fs.createReadStream`. */
export interface StreamOptions extends Abortable {
  /** Position of the first byte; 0 by default. */
  readonly start?: number | undefined
  /** Position of the last byte, which is included; that of the file by default. */
  readonly end?: number | undefined
}

/** @internal */
export async function openRange(
  connection: Connection,
  snapshot: SnapshotRef,
  path: EntryPath,
  how: Abortable,
): Promise<RangeReader> {
  const { signal } = checkedCall(how)
  const [reference, name] = [referenceOf(snapshot), entryPath(path, 'path')]
  const file = await connection.run({ signal }, (control, repository, addon) =>
    addon.repositoryFile(control, repository, reference, name),
  )
  return new SnapshotFile(connection, file)
}

class SnapshotFile implements RangeReader {
  readonly size: number
  readonly #connection: Connection
  readonly #file: FileHandle
  #closed = false

  constructor(connection: Connection, file: FileHandle) {
    this.#connection = connection
    this.#file = file
    this.size = file.size
  }

  async read(offset: number, length: number, call: Abortable = {}): Promise<Uint8Array> {
    const { signal } = checkedCall(call)
    const [from, most] = [position(offset, 'offset'), position(length, 'length')]
    const end = Math.min(this.size, from + most)
    const pieces: Uint8Array[] = []
    for (let at = from; at < end; ) {
      const piece = await this.#piece(at, end - at, signal)
      pieces.push(piece)
      at += piece.byteLength
    }
    if (pieces.length === 0) this.#ensureOpen()
    const [only] = pieces
    return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces)
  }

  stream(part: StreamOptions = {}): ReadableStream<Uint8Array> {
    const { start = 0, end = this.size - 1 } = checkedOptions(part, 'options')
    const { signal } = checkedCall(part)
    this.#ensureOpen()
    let at = position(start, 'start')
    const after = end === -1 ? 0 : Math.min(this.size, position(end, 'end') + 1)
    const next = async (): Promise<Uint8Array | undefined> => {
      if (at >= after) return undefined
      const piece = await this.#piece(at, Math.min(PIECE_BYTES, after - at), signal)
      at += piece.byteLength
      return piece
    }
    return streamOf(next, () => {}, signal)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    native(() => this.#file.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Some bytes, at least one. */
  async #piece(offset: number, length: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    this.#ensureOpen()
    return this.#connection.run({ signal }, (control) => this.#file.read(control, offset, length))
  }

  #ensureOpen(): void {
    if (this.#closed) throw invalid('the file is closed')
  }
}

function position(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid(`${name} must be a whole number, 0 or above`)
}
