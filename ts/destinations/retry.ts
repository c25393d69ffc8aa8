import { isHoldfastError } from '../errors.ts'
import { Attempt } from './attempt.ts'
import { Backoff, isUnsure, type RetryOptions, type RetrySettings, retrySettings } from './backoff.ts'
import { pieces, sha256Of, sizeOf } from './body.ts'
import type {
  Body,
  Destination,
  DestinationCall,
  GetOptions,
  ObjectInfo,
  ObjectPath,
  PutOptions,
} from './destination.ts'
import { rangeOf, streamOf } from './object-stream.ts'

/**
 * The same destination, made patient: calls that fail as `DESTINATION_BUSY`, `DESTINATION_UNREACHABLE` or
 * `DESTINATION_TIMEOUT` are made again, after pauses that grow, differ at random, and are at least as long as the
 * destination asks for. After the last attempt they reject with the last failure.
 *
 * - `put` reads its body again from the beginning. When it is unknown whether an attempt stored the object, the object
 *   that is there is compared by its SHA-256: if it is the same, the call succeeds, even if another writer stored it.
 *   An `UPLOAD_MISMATCH` gets a second attempt.
 * - `get` goes on where the stream broke, `list` after what it gave already.
 * - An attempt that makes no progress for `stallMs` fails with `DESTINATION_TIMEOUT`, however long it takes in all.
 *
 * @throws `INVALID_ARGUMENT` for options that are no whole numbers above 0.
 */
export function withRetry(destination: Destination, options: RetryOptions = {}): Destination {
  return new Retrying(destination, retrySettings(options))
}

/**
 * `destination` if it was made patient already, otherwise as {@link withRetry} makes it.
 *
 * @internal
 */
export function patient(destination: Destination): Destination {
  return destination instanceof Retrying ? destination : withRetry(destination)
}

/**
 * The destination behind {@link withRetry}.
 *
 * @internal
 */
export function bare(destination: Destination): Destination {
  return destination instanceof Retrying ? bare(destination.inner) : destination
}

interface OpenStream {
  readonly attempt: Attempt
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
}

class Retrying implements Destination {
  readonly inner: Destination
  readonly #settings: RetrySettings

  constructor(inner: Destination, settings: RetrySettings) {
    this.inner = inner
    this.#settings = settings
  }

  get name(): string {
    return this.inner.name
  }

  get limits(): Destination['limits'] {
    return this.inner.limits
  }

  get sendsSha256(): boolean {
    return this.inner.sendsSha256 ?? false
  }

  async put(path: ObjectPath, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const { signal } = options
    const backoff = new Backoff(this.#settings)
    const upload = new Upload(options)
    let unsure = false
    for (;;) {
      try {
        return await this.#once(signal, (attempt) => this.inner.put(path, body, upload.options(attempt)))
      } catch (failure) {
        signal?.throwIfAborted()
        unsure ||= isUnsure(failure)
        const again = await backoff.pausedBefore(failure, signal)
        const stored = unsure && isHoldfastError(failure) ? await this.#stored(path, body, options) : undefined
        if (stored) return stored
        if (!again) throw failure
      }
    }
  }

  async get(path: ObjectPath, options: GetOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const { signal } = options
    const { offset, length } = rangeOf(options)
    const backoff = new Backoff(this.#settings)
    let received = 0
    const open = (): Promise<OpenStream> => {
      const rest = Number.isFinite(length) ? { length: length - received } : {}
      return this.#open(path, { range: { offset: offset + received, ...rest }, signal }, backoff)
    }
    let stream = await open()
    const next = async (): Promise<Uint8Array | undefined> => {
      for (;;) {
        try {
          const { done, value } = await stream.attempt.run(() => stream.reader.read())
          if (done) return undefined
          if (value.byteLength > 0) backoff.reset()
          received += value.byteLength
          return value
        } catch (failure) {
          letGo(stream)
          if (received >= length) return undefined
          await backoff.pause(failure, signal)
          stream = await open()
        }
      }
    }
    return streamOf(next, () => letGo(stream), signal)
  }

  async stat(path: ObjectPath, { signal }: DestinationCall = {}): Promise<ObjectInfo | undefined> {
    return this.#repeated(signal, (attempt) => this.inner.stat(path, { signal: attempt.signal }))
  }

  async *list(prefix: string, { signal }: DestinationCall = {}): AsyncGenerator<ObjectInfo> {
    const backoff = new Backoff(this.#settings)
    const given = new Set<ObjectPath>()
    for (;;) {
      const attempt = this.#attempt(signal)
      const found = this.inner.list(prefix, { signal: attempt.signal })[Symbol.asyncIterator]()
      try {
        for (;;) {
          const { done, value } = await attempt.run(() => found.next())
          if (done) return
          if (given.has(value.path)) continue
          given.add(value.path)
          backoff.reset()
          yield value
        }
      } catch (failure) {
        await backoff.pause(failure, signal)
      } finally {
        attempt.end()
        found.return?.().catch(() => {})
      }
    }
  }

  async remove(path: ObjectPath, { signal }: DestinationCall = {}): Promise<void> {
    return this.#repeated(signal, (attempt) => this.inner.remove(path, { signal: attempt.signal }))
  }

  async #repeated<T>(signal: AbortSignal | undefined, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.#settings)
    for (;;) {
      try {
        return await this.#once(signal, work)
      } catch (failure) {
        await backoff.pause(failure, signal)
      }
    }
  }

  async #once<T>(signal: AbortSignal | undefined, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = this.#attempt(signal)
    try {
      return await attempt.run(() => work(attempt))
    } finally {
      attempt.end()
    }
  }

  #attempt(signal: AbortSignal | undefined): Attempt {
    return new Attempt(this.name, this.#settings.stallMs, signal)
  }

  async #open(path: ObjectPath, options: GetOptions, backoff: Backoff): Promise<OpenStream> {
    for (;;) {
      const attempt = this.#attempt(options.signal)
      try {
        const stream = await attempt.run((signal) => this.inner.get(path, { ...options, signal }))
        return { attempt, reader: stream.getReader() }
      } catch (failure) {
        attempt.end()
        await backoff.pause(failure, options.signal)
      }
    }
  }

  /** The object that an earlier attempt has stored after all; undefined when it is absent, another one, or unknown. */
  async #stored(path: ObjectPath, body: Body, options: PutOptions): Promise<ObjectInfo | undefined> {
    const { signal } = options
    try {
      const info = await this.#once(signal, (attempt) => this.inner.stat(path, { signal: attempt.signal }))
      if (info === undefined || (sizeOf(body) ?? info.size) !== info.size) return undefined
      const expected = options.sha256 ?? (await sha256Of(pieces(body, { destination: this, path, signal })))
      const found = info.sha256 ?? (await sha256Of(await this.get(path, { signal })))
      return found === expected ? info : undefined
    } catch {
      signal?.throwIfAborted()
      return undefined
    }
  }
}

/** What stays the same over the attempts of one `put`. */
class Upload {
  readonly #options: PutOptions
  #resume: PutOptions['resume']
  #sent = -1

  constructor(options: PutOptions) {
    this.#options = options
    this.#resume = options.resume
  }

  options(attempt: Attempt): PutOptions {
    const { onProgress, onResumeToken } = this.#options
    return {
      ...this.#options,
      signal: attempt.signal,
      resume: this.#resume,
      onResumeToken: (token) => {
        this.#resume = token
        onResumeToken?.(token)
      },
      onProgress: (sent) => {
        attempt.moved()
        if (sent <= this.#sent) return
        this.#sent = sent
        onProgress?.(sent)
      },
    }
  }
}

function letGo({ attempt, reader }: OpenStream): void {
  attempt.end()
  reader.cancel().catch(() => {})
}
