import { bytes } from '../arguments.ts'
import { invalid, makeError } from '../errors.ts'
import type { StreamSupply } from './sources.ts'

/** Bytes that cross into the addon at a time, however small the pieces of the source are. */
const BATCH_BYTES = 1_048_576

/** Anything that gives bytes, as this file reads it. */
interface Giver {
  readonly next: () => Promise<IteratorResult<unknown, unknown>>
  readonly release: () => unknown
}

/**
 * One reading of a source that the caller hands over: pulled piece by piece, so the slower side sets the pace.
 *
 * @internal
 */
export class SourceStream {
  readonly #giver: Giver
  readonly #size: number | undefined
  #given = 0
  #batch: Buffer | undefined
  #rest: Uint8Array = new Uint8Array()
  #ended = false

  private constructor(giver: Giver, size: number | undefined) {
    this.#giver = giver
    this.#size = size
  }

  /** Opens the source; what it gives after `signal` has aborted is let go at once. */
  static async open({ open, size }: StreamSupply, signal: AbortSignal): Promise<SourceStream> {
    const stream = new SourceStream(giverOf(await open()), size)
    if (!signal.aborted) return stream
    stream.close()
    throw signal.reason
  }

  /** The next bytes, at most 1 MiB, which stay as they are until the next call; null after the last. */
  async read(): Promise<Uint8Array | null> {
    if (!(await this.#hasMore())) return null
    if (this.#rest.byteLength >= BATCH_BYTES) return this.#take(BATCH_BYTES)
    this.#batch ??= Buffer.allocUnsafeSlow(BATCH_BYTES)
    let filled = 0
    while (filled < BATCH_BYTES && (await this.#hasMore())) {
      // The source may use a piece's memory again as soon as it is asked for the next one.
      const taken = this.#take(BATCH_BYTES - filled)
      this.#batch.set(taken, filled)
      filled += taken.byteLength
    }
    return this.#batch.subarray(0, filled)
  }

  /** Lets the source go, whether it has ended or not. */
  close(): void {
    this.#giver.release()
  }

  #take(most: number): Uint8Array {
    const taken = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(taken.byteLength)
    return taken
  }

  /** Whether there are bytes to take; waits for the next piece that is not empty. */
  async #hasMore(): Promise<boolean> {
    while (this.#rest.byteLength === 0 && !this.#ended) {
      const { done, value } = await this.#giver.next()
      if (done) this.#end()
      else this.#rest = bytes(value, 'what a source gives')
      this.#given += this.#rest.byteLength
    }
    return this.#rest.byteLength > 0
  }

  #end(): void {
    this.#ended = true
    if (this.#size === undefined || this.#size === this.#given) return
    throw makeError('SOURCE_CHANGED', `the source gave ${this.#given} of the announced ${this.#size} bytes`)
  }
}

/** Reads Node's streams, the web's and iterables alike; releasing works while a read is under way. */
function giverOf(opened: unknown): Giver {
  if (typeof opened !== 'object' || opened === null) throw notReadable()
  if ('getReader' in opened && typeof opened.getReader === 'function') {
    const reader = (opened as ReadableStream<unknown>).getReader()
    return { next: () => reader.read(), release: () => void reader.cancel().catch(() => {}) }
  }
  if (!(Symbol.asyncIterator in opened)) throw notReadable()
  const iterator = (opened as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  const next = (): Promise<IteratorResult<unknown, unknown>> => iterator.next()
  if ('destroy' in opened && typeof opened.destroy === 'function') {
    const stream = opened as NodeJS.ReadableStream & { destroy(): unknown }
    // Between two reads nobody listens for its failure; the next read tells.
    stream.on('error', () => {})
    return { next, release: () => stream.destroy() }
  }
  return { next, release: () => void iterator.return?.().catch(() => {}) }
}

function notReadable(): Error {
  return invalid('open() of a source must give a Readable, a ReadableStream or an async iterable of Uint8Arrays')
}
