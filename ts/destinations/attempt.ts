import { onAbort } from '../abort.ts'
import { destinationFailed } from './failure.ts'

/**
 * One attempt of a call, given up when nothing has moved for `stallMs`, also by a destination that ignores its signal.
 *
 * @internal
 */
export class Attempt {
  readonly #destination: string
  readonly #stallMs: number
  readonly #controller = new AbortController()
  readonly #forget: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(destination: string, stallMs: number, signal: AbortSignal | undefined) {
    signal?.throwIfAborted()
    this.#destination = destination
    this.#stallMs = stallMs
    this.#forget = signal ? onAbort(signal, () => this.#controller.abort(signal.reason)) : () => {}
  }

  /** Aborts with the caller's reason, or with `DESTINATION_TIMEOUT`. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** One step of it, under the clock; several can follow each other. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = this
    signal.throwIfAborted()
    let forget = (): void => {}
    const stopped = new Promise<never>((_, reject) => {
      forget = onAbort(signal, () => reject(signal.reason))
    })
    this.moved()
    try {
      return await Promise.race([work(signal), stopped])
    } finally {
      forget()
      clearTimeout(this.#timer)
    }
  }

  /** Something has moved: the clock begins anew. */
  moved(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stalled(), this.#stallMs)
  }

  /** The attempt is over. */
  end(): void {
    this.#forget()
    clearTimeout(this.#timer)
  }

  #stalled(): void {
    const seconds = Math.round(this.#stallMs / 1000)
    const what = `nothing moved for ${seconds} s`
    this.#controller.abort(destinationFailed('DESTINATION_TIMEOUT', this.#destination, what))
  }
}
