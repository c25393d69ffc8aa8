import { onAbort } from '../abort.ts'
import { options as checkedOptions } from '../arguments.ts'
import { invalid } from '../errors.ts'
import type { ByteRange, Destination, GetOptions, ObjectPath } from './destination.ts'

/** A whole object, or a range of it, in memory. */
export async function fetchObject(from: Destination, path: ObjectPath, options?: GetOptions): Promise<Uint8Array> {
  return collected(await from.get(path, options))
}

/**
 * The range that is asked for; the whole object by default.
 *
 * @throws `INVALID_ARGUMENT` when it is not made of numbers of bytes.
 * @internal
 */
export function rangeOf(options: GetOptions): { offset: number; length: number } {
  const { range = { offset: 0 } } = options
  const { offset, length = Number.POSITIVE_INFINITY } = checkedOptions(range as ByteRange, 'range') as ByteRange
  const fits = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
  if (!fits(offset)) throw invalid('the offset of a range must be a number of bytes')
  if (length !== Number.POSITIVE_INFINITY && !fits(length))
    throw invalid('the length of a range must be a number of bytes')
  return { offset, length }
}

/**
 * A stream of what `next` gives until it gives undefined. `release` is called once, however the stream ends: by its
 * end, an error, a cancel, or the signal.
 *
 * @internal
 */
export function streamOf(
  next: () => Promise<Uint8Array | undefined>,
  release: () => unknown,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  let forget = (): void => {}
  const end = async (): Promise<void> => {
    forget()
    await release()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (signal === undefined) return
        forget = onAbort(signal, () => {
          controller.error(signal.reason)
          end().catch(() => {})
        })
      },
      async pull(controller) {
        try {
          const piece = await next()
          if (signal?.aborted) return
          if (piece !== undefined) return controller.enqueue(piece)
          await end()
          controller.close()
        } catch (thrown) {
          if (signal?.aborted) return
          await end().catch(() => {})
          throw thrown
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}

/** All bytes of a stream. @internal */
export async function collected(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const piece of stream) parts.push(piece)
  const [only] = parts
  return parts.length === 1 && only ? only : Buffer.concat(parts)
}
