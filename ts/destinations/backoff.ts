import { onAbort } from '../abort.ts'
import { invalid, isHoldfastError } from '../errors.ts'

/** How often, and after which pauses, a failed call is made again. */
export interface RetryOptions {
  /** Attempts of one call, the first included; 8 by default. A download or listing that gets on has all of them again. */
  readonly attempts?: number | undefined
  /** Pause after the first failure in milliseconds, doubled after each further one; 500 by default. */
  readonly firstPauseMs?: number | undefined
  /** Longest pause in milliseconds; 30 000 by default. */
  readonly longestPauseMs?: number | undefined
  /** Longest pause in milliseconds that a destination can ask for; 60 000 by default. */
  readonly longestRetryAfterMs?: number | undefined
  /** An attempt is given up when nothing has moved for this long, in milliseconds; 60 000 by default. */
  readonly stallMs?: number | undefined
  /** Told before each pause why there is one, and how many milliseconds it takes. */
  readonly onPause?: ((failure: Error, pauseMs: number) => void) | undefined
}

/**
 * Options with nothing left out.
 *
 * @internal
 */
export type RetrySettings = Required<{ [K in keyof RetryOptions]: Exclude<RetryOptions[K], undefined> }>

const USUAL = {
  attempts: 8,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  longestRetryAfterMs: 60_000,
  stallMs: 60_000,
}

/** Failures that say nothing about what became of the call. */
const UNSURE = new Set(['DESTINATION_UNREACHABLE', 'DESTINATION_TIMEOUT'])

/**
 * The options with defaults in place of what is left out.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function retrySettings(options: RetryOptions): RetrySettings {
  const { onPause = () => {} } = options
  if (typeof onPause !== 'function') throw invalid('onPause must be a function')
  const numbers = Object.entries(USUAL).map(([name, usual]) => {
    const value = options[name as keyof typeof USUAL] ?? usual
    if (!(Number.isSafeInteger(value) && value > 0)) throw invalid(`${name} must be a whole number above 0`)
    return [name, value]
  })
  return { ...(Object.fromEntries(numbers) as typeof USUAL), onPause }
}

/**
 * Counts the failures of one call, and waits between its attempts.
 *
 * @internal
 */
export class Backoff {
  readonly #settings: RetrySettings
  #failures = 0
  #mismatches = 0

  constructor(settings: RetrySettings) {
    this.#settings = settings
  }

  /** The call got on: failures before this do not count any more. */
  reset(): void {
    this.#failures = 0
  }

  /**
   * Waits before the next attempt.
   *
   * @throws `failure` itself when there is to be none; the signal's reason.
   */
  async pause(failure: unknown, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (!(await this.pausedBefore(failure, signal))) throw failure
  }

  /** As {@link Backoff.pause}, but says whether there is to be another attempt. */
  async pausedBefore(failure: unknown, signal: AbortSignal | undefined): Promise<boolean> {
    const mayPass = this.#mayPass(failure)
    this.#failures += 1
    if (!mayPass || this.#failures >= this.#settings.attempts) return false
    const ms = this.#pauseMs(failure)
    this.#settings.onPause(failure as Error, ms)
    await sleep(ms, signal)
    return true
  }

  /** What arrived wrong once may have been harmed on the way; twice is no accident. */
  #mayPass(failure: unknown): boolean {
    if (isHoldfastError(failure, 'UPLOAD_MISMATCH')) {
      this.#mismatches += 1
      return this.#mismatches === 1
    }
    return isHoldfastError(failure, 'DESTINATION_BUSY') || isUnsure(failure)
  }

  #pauseMs(failure: unknown): number {
    const { firstPauseMs, longestPauseMs, longestRetryAfterMs } = this.#settings
    const asked = isHoldfastError(failure, 'DESTINATION_BUSY') ? (failure.details.retryAfterMs ?? 0) : 0
    const full = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#failures - 1))
    const jittered = full * (0.5 + Math.random() / 2)
    return Math.round(Math.max(jittered, Math.min(asked, longestRetryAfterMs)))
  }
}

/**
 * Whether the failure leaves open if the destination did what it was asked to.
 *
 * @internal
 */
export function isUnsure(failure: unknown): boolean {
  return isHoldfastError(failure) && UNSURE.has(failure.code)
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let forget = (): void => {}
    const timer = setTimeout(() => {
      forget()
      resolve()
    }, ms)
    if (signal === undefined) return
    forget = onAbort(signal, () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
