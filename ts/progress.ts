/** What a call is doing, in this order; phases may be skipped. */
export type Phase = 'waiting' | 'deriving' | 'working' | 'flushing' | 'done'

/** How far a call is. */
export interface Progress {
  /**
   * `waiting` for a free thread, `deriving` a key from a password, `working` on the content, `flushing` to disk,
   * `done` once the target has its name.
   */
  readonly phase: Phase
  /** Bytes of the source that are done. Never falls. */
  readonly bytes: number
  /** Bytes of the source, where known: a pipe has no length. */
  readonly total?: number
  /** Files that are done, where a call works on several. Never falls. */
  readonly files?: number
  /** Bytes per second over the last three seconds; 0 until known. */
  readonly rate: number
  /** Estimated seconds until all bytes are done, where known. */
  readonly secondsLeft?: number
}

/** The counters that the addon keeps while it works. */
export interface Counters {
  readonly done: number
  readonly total: number | null
  readonly phase: Phase
  /** 0 where a call works on one file. */
  readonly files: number
}

/** Milliseconds between two reports. */
const INTERVAL_MS = 100
/** Reports over which the rate is taken: three seconds. */
const WINDOW = 30

/**
 * Reports the counters every 100 ms until stopped. The timer keeps no process alive.
 *
 * @internal
 */
export class Reporter {
  readonly #counters: Counters
  readonly #report: (progress: Progress) => void
  readonly #samples: { readonly at: number; readonly bytes: number }[] = []
  #timer: NodeJS.Timeout | undefined
  #bytes = 0
  #files = 0

  /** `failed` is called with what `report` threw; reports end then. */
  constructor(counters: Counters, report: (progress: Progress) => void, failed: (thrown: unknown) => void) {
    this.#counters = counters
    this.#report = report
    this.#timer = setInterval(() => {
      try {
        this.#report(this.sample(performance.now()))
      } catch (thrown) {
        this.stop()
        failed(thrown)
      }
    }, INTERVAL_MS).unref()
  }

  /** Ends the reports. */
  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Ends the reports with one that says `done`. Throws what the callback throws. */
  finish(): void {
    this.stop()
    const { bytes, total, files, rate } = this.sample(performance.now())
    const all = total ?? bytes
    const counted = files === undefined ? {} : { files }
    this.#report({ phase: 'done', bytes: all, total: all, ...counted, rate, secondsLeft: 0 })
  }

  /** The state at `at`, in milliseconds. */
  sample(at: number): Progress {
    const { done, total, files, phase } = this.#counters
    this.#bytes = Math.max(this.#bytes, done)
    this.#files = Math.max(this.#files, files)
    this.#samples.push({ at, bytes: this.#bytes })
    if (this.#samples.length > WINDOW) this.#samples.shift()
    const rate = this.#rate()
    return {
      phase: phase === 'done' ? 'flushing' : phase,
      bytes: this.#bytes,
      rate,
      ...(total !== null && { total: Math.max(total, this.#bytes) }),
      ...(this.#files > 0 && { files: this.#files }),
      ...(total !== null && rate > 0 && { secondsLeft: Math.max(0, total - this.#bytes) / rate }),
    }
  }

  #rate(): number {
    const [first, last] = [this.#samples.at(0), this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.at <= first.at) return 0
    return (1000 * (last.bytes - first.bytes)) / (last.at - first.at)
  }
}
