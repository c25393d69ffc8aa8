/** The person, or the system, asked the program to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  /** 128 and the signal's number, as shells count. */
  readonly exitCode: number

  constructor(signal: keyof typeof NUMBERS = 'SIGINT') {
    super(`interrupted by ${signal}`)
    this.exitCode = 128 + NUMBERS[signal]
  }
}

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
const SIGNALS = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]
/** Milliseconds that work may take to stop; a read from a pipe that never ends does not notice. */
const PATIENCE_MS = 2000

/**
 * Runs `work` with a signal that Ctrl-C aborts, so that it can tidy up. A second Ctrl-C, or work that does not
 * stop, ends the program at once; the next run removes the temporary file then.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (name: keyof typeof NUMBERS): void => {
    const reason = new Interrupted(name)
    if (controller.signal.aborted) process.exit(reason.exitCode)
    controller.abort(reason)
    setTimeout(() => process.exit(reason.exitCode), PATIENCE_MS).unref()
  }
  for (const name of SIGNALS) process.on(name, stop)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, stop)
  }
}
