import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { ObjectPath } from './destination.ts'
import { destinationFailed } from './failure.ts'
import { streamOf } from './object-stream.ts'
import { NAME, s3Failure } from './s3-failure.ts'

/**
 * The body of an answer as a stream, held against what was asked for and announced: `range` when a part was asked for.
 *
 * @throws `DESTINATION_UNREACHABLE` for another range, an encoding that somebody on the way added, or another length.
 * @internal
 */
export function download(
  answer: GetObjectCommandOutput,
  path: ObjectPath,
  range: { offset: number; length: number } | undefined,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const body = answer.Body as unknown as Readable
  // Between two reads nobody listens for a connection that breaks; the next read tells.
  body.on('error', () => {})
  const expected = lengthOf(answer, range)
  if (expected === undefined) {
    body.destroy()
    throw strange('the answer is not what was asked for')
  }
  const source: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  let received = 0
  const next = async (): Promise<Uint8Array | undefined> => {
    const { done, value } = await source.next().catch((thrown: unknown) => Promise.reject(s3Failure(thrown, path)))
    received += done ? 0 : value.byteLength
    if (done ? received < expected : received > expected) throw strange(`${received} of ${expected} bytes came`)
    return done ? undefined : value
  }
  return streamOf(next, () => body.destroy(), signal)
}

/**
 * The answer breaks the protocol.
 *
 * @internal
 */
export function strange(what: string): Error {
  return destinationFailed('DESTINATION_UNREACHABLE', NAME, what)
}

/** The number of bytes that must come; undefined when the answer does not fit the question. */
function lengthOf(
  { ETag, ContentRange = '', ContentLength, ContentEncoding }: GetObjectCommandOutput,
  range: { offset: number; length: number } | undefined,
): number | undefined {
  if (ETag === undefined) return undefined
  if (ContentEncoding && !/^(identity|aws-chunked)$/i.test(ContentEncoding)) return undefined
  if (range === undefined) return ContentLength
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange) ?? []
  const end = Math.min(Number(size), range.offset + range.length) - 1
  const length = end - range.offset + 1
  const fits = Number(first) === range.offset && Number(last) === end
  return fits && (ContentLength ?? length) === length ? length : undefined
}
