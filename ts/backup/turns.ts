import { onAbort } from '../abort.ts'

/**
 * One after the other, in the order of asking.
 *
 * @internal
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Does `work` when all before it have ended. Rejects with the signal's reason when it aborts before. */
  async take<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const before = this.#last
    let end = (): void => {}
    const done = new Promise<void>((resolve) => {
      end = resolve
    })
    this.#last = before.then(() => done)
    try {
      await unlessAborted(signal, before)
      return await work()
    } finally {
      end()
    }
  }
}

async function unlessAborted(signal: AbortSignal | undefined, waited: Promise<unknown>): Promise<void> {
  if (signal === undefined) return void (await waited)
  let forget = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    signal.throwIfAborted()
    forget = onAbort(signal, () => reject(signal.reason))
  })
  try {
    await Promise.race([waited, aborted])
  } finally {
    forget()
  }
}
