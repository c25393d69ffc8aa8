/** Stops of the calls that wait on one signal; the signal itself has one listener for all of them. */
const WAITING = new WeakMap<AbortSignal, Waiting>()

interface Waiting {
  readonly stops: Set<() => void>
  readonly listener: () => void
}

/**
 * Calls `stop` once when `signal` aborts, until the returned function is called.
 *
 * One listener serves all calls on a signal, so many calls at a time draw no warning from Node about a leak, and
 * none stays behind.
 *
 * @internal
 */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  const waiting = WAITING.get(signal) ?? listen(signal)
  const once = (): void => stop()
  waiting.stops.add(once)
  return () => {
    waiting.stops.delete(once)
    if (waiting.stops.size === 0) forget(signal, waiting)
  }
}

function listen(signal: AbortSignal): Waiting {
  const stops = new Set<() => void>()
  const waiting = {
    stops,
    listener: (): void => {
      forget(signal, waiting)
      for (const stop of stops) stop()
    },
  }
  signal.addEventListener('abort', waiting.listener)
  WAITING.set(signal, waiting)
  return waiting
}

function forget(signal: AbortSignal, waiting: Waiting): void {
  signal.removeEventListener('abort', waiting.listener)
  if (WAITING.get(signal) === waiting) WAITING.delete(signal)
}
