import { Readable } from 'node:stream'
import type { PutObjectCommand } from '@aws-sdk/client-s3'
import { onAbort } from '../abort.ts'

/**
 * The body of one request. The client neither ends a request whose body failed, nor lets go of a body whose request
 * failed; this does both.
 *
 * @internal
 */
export class RequestBody {
  readonly stream: Readable
  readonly #source: AsyncIterator<Uint8Array>
  readonly #controller = new AbortController()
  readonly #forget: () => void
  #failure: { readonly thrown: unknown } | undefined

  /** `read` gets the signal that ends both the request and the reading. */
  constructor(read: (signal: AbortSignal) => AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#forget = signal ? onAbort(signal, () => this.#controller.abort(signal.reason)) : () => {}
    this.#source = read(this.#controller.signal)[Symbol.asyncIterator]()
    this.stream = new Readable({ read: () => void this.#read() })
  }

  /** Runs the request that sends this body. Rejects with what reading the body threw, if that ended it. */
  async sentBy<T>(send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await send(this.#controller.signal)
    } catch (thrown) {
      this.#controller.abort(thrown)
      throw this.#failure ? this.#failure.thrown : thrown
    } finally {
      this.#forget()
      this.stream.destroy()
      this.#source.return?.().catch(() => {})
    }
  }

  /** A failure ends the request instead of the stream: the client's own streams would let it go uncaught. */
  async #read(): Promise<void> {
    try {
      const { done, value } = await this.#source.next()
      this.stream.push(done ? null : value)
    } catch (thrown) {
      this.#failure ??= { thrown }
      this.#controller.abort(thrown)
    }
  }
}

/**
 * Signs the request for a body with this SHA-256: the client then need not read the body twice, and the server refuses
 * other bytes.
 *
 * @internal
 */
export function signFor(sha256: string, command: PutObjectCommand): PutObjectCommand {
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'bodyHash' },
  )
  return command
}
