import { onAbort } from './abort.ts'
import { options } from './arguments.ts'
import { ensureConfigured } from './configure.ts'
import { fromNative, isCancelled } from './errors/native.ts'
import { invalid } from './errors.ts'
import { type Native, type NativeAddon, native } from './native/binding.ts'
import { type Counters, type Progress, Reporter } from './progress.ts'

/** What every call that takes time accepts. */
export interface Call {
  /**
   * Stops the call: it rejects with `signal.reason`, as `fetch` does, and no visible file has changed. A call whose
   * target already has its name succeeds instead.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Called about ten times a second, and once at the end with the phase `done`. If it throws, the call is stopped and
   * rejects with what it threw; when that happens in the last report, the target is there.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

type Control = Native<'Control'>

/** Why the caller no longer wants the work. */
interface Stop {
  readonly reason: unknown
  readonly by: 'signal' | 'callback'
}

/**
 * Runs one native task under the caller's signal and reports its progress.
 *
 * Rejects with the signal's reason, with what the callback threw, or with a typed error.
 *
 * @internal
 */
export async function run<T>(call: Call, start: (control: Control, addon: NativeAddon) => Promise<T>): Promise<T> {
  const { signal, onProgress } = checkedCall(call)
  signal?.throwIfAborted()
  ensureConfigured()
  const watch = new Watch(
    native((addon) => new addon.Control()),
    signal,
    onProgress,
  )
  try {
    const value = await Promise.race([native((addon) => start(watch.control, addon)), watch.stoppedEarly])
    watch.finish()
    return value
  } catch (thrown) {
    throw watch.outcome(thrown)
  } finally {
    watch.end()
  }
}

/** What work without the addon counts for its reports. @internal */
export type Counting = { -readonly [K in keyof Counters]: Counters[K] }

/**
 * Runs work that needs no addon under the caller's signal, and reports the progress that it counts.
 *
 * Rejects with the signal's reason, with what the callback threw, or with what `work` rejects with.
 *
 * @internal
 */
export async function runHere<T>(
  call: Call,
  work: (counters: Counting, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, onProgress } = checkedCall(call)
  signal?.throwIfAborted()
  const controller = new AbortController()
  const forget = signal ? onAbort(signal, () => controller.abort(signal.reason)) : () => {}
  const counters: Counting = { done: 0, total: null, files: 0, phase: 'working' }
  const reporter = onProgress && new Reporter(counters, onProgress, (thrown) => controller.abort(thrown))
  try {
    const value = await work(counters, controller.signal)
    controller.signal.throwIfAborted()
    reporter?.finish()
    return value
  } catch (thrown) {
    throw controller.signal.aborted ? controller.signal.reason : thrown
  } finally {
    forget()
    reporter?.stop()
  }
}

/** Carries the caller's wish to stop to the addon, and the addon's counters to the caller. */
class Watch {
  readonly control: Control
  /** Rejects as soon as it is known that a stopped task will do nothing; never resolves. */
  readonly stoppedEarly: Promise<never>
  readonly #forget: () => void
  readonly #reporter: Reporter | undefined
  #rejectEarly: (reason: Stop) => void = () => {}
  #stop: Stop | undefined

  constructor(control: Control, signal: AbortSignal | undefined, report: Call['onProgress']) {
    this.control = control
    this.stoppedEarly = new Promise((_, reject) => {
      this.#rejectEarly = reject
    })
    this.#forget = signal ? onAbort(signal, () => this.#cancel({ reason: signal.reason, by: 'signal' })) : () => {}
    this.#reporter = report && new Reporter(control, report, (reason) => this.#cancel({ reason, by: 'callback' }))
  }

  /** The task succeeded: the last report. Throws what the callback threw, now or before. */
  finish(): void {
    if (this.#stop?.by === 'callback') throw this.#stop
    this.#forget()
    try {
      this.#reporter?.finish()
    } catch (reason) {
      this.#stop = { reason, by: 'callback' }
      throw this.#stop
    }
  }

  /** What the call rejects with, when `thrown` ended it. */
  outcome(thrown: unknown): unknown {
    const stop = this.#stop
    return stop && (thrown === stop || isCancelled(thrown)) ? stop.reason : fromNative(thrown)
  }

  end(): void {
    this.#forget()
    this.#reporter?.stop()
  }

  #cancel(stop: Stop): void {
    this.#stop ??= stop
    if (this.control.cancel()) this.#rejectEarly(this.#stop)
  }
}

/**
 * `call` if its members are what they should be.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function checkedCall(call: Call): Call {
  const { signal, onProgress } = options(call, 'options')
  if (signal !== undefined && !isSignal(signal)) throw invalid('signal must be an AbortSignal')
  if (onProgress !== undefined && typeof onProgress !== 'function') throw invalid('onProgress must be a function')
  return call
}

function isSignal(value: unknown): value is AbortSignal {
  return value instanceof EventTarget && 'aborted' in value && 'throwIfAborted' in value
}
