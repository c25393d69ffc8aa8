import { createHash } from 'node:crypto'
import { isUint8Array } from 'node:util/types'
import { onAbort } from '../abort.ts'
import { bytes, options as checkedOptions } from '../arguments.ts'
import { invalid, makeError } from '../errors.ts'
import type { Body, Destination, ObjectPath, PutOptions } from './destination.ts'
import { mismatch } from './failure.ts'

/** Bytes that move at a time: enough to keep a disk busy, little enough to stop within. */
const PIECE_BYTES = 1_048_576

const SHA256 = /^[0-9a-f]{64}$/

/** What {@link pieces} is told about the upload it serves. */
export interface Upload extends Pick<PutOptions, 'sha256' | 'signal' | 'onProgress'> {
  readonly destination: Destination
  readonly path: ObjectPath
}

/**
 * Refuses a body or options of a wrong type before anything is sent.
 *
 * @throws `INVALID_ARGUMENT`; `TOO_LARGE` when the body's size is above the destination's limit.
 * @internal
 */
export function checkUpload({ limits, name }: Destination, body: Body, options: PutOptions): void {
  const { sha256 } = checkedOptions(options, 'options')
  if (sha256 !== undefined && !(typeof sha256 === 'string' && SHA256.test(sha256))) {
    throw invalid('sha256 must be 64 lower-case hexadecimal digits')
  }
  if (isUint8Array(body)) bytes(body, 'body')
  else if (typeof body?.open !== 'function') throw invalid('body must be a Uint8Array or have a function open')
  const size = sizeOf(body)
  if (size !== undefined && !(Number.isSafeInteger(size) && size >= 0)) throw invalid('size must be a number of bytes')
  if (size !== undefined && size > limits.maxObjectBytes) {
    throw makeError('TOO_LARGE', `${name}: ${size} bytes are more than the ${limits.maxObjectBytes} of an object`)
  }
}

/** The body's size in bytes, where it is known. @internal */
export function sizeOf(body: Body): number | undefined {
  return isUint8Array(body) ? body.byteLength : body.size
}

/**
 * The body from its beginning, in pieces of at most 1 MiB, reported as they are consumed.
 *
 * @throws `UPLOAD_MISMATCH` after the last piece when the bytes do not fit `sha256`, and as soon as they do not fit
 * the size that the body announces; whatever the body's stream fails with; the signal's reason.
 * @internal
 */
export async function* pieces(body: Body, upload: Upload): AsyncGenerator<Uint8Array, number> {
  const { destination, path, sha256, signal, onProgress } = upload
  const hash = sha256 === undefined ? undefined : createHash('sha256')
  const size = sizeOf(body)
  const differs = (what: string): Error => mismatch(destination.name, path, what)
  let sent = 0
  for await (const piece of read(body, signal)) {
    sent += piece.byteLength
    if (size !== undefined && sent > size) throw differs(`the body has more than the announced ${size} bytes`)
    hash?.update(piece)
    yield piece
    onProgress?.(sent)
    signal?.throwIfAborted()
  }
  if (size !== undefined && sent < size) throw differs(`the body has ${sent} of the announced ${size} bytes`)
  if (hash && hash.digest('hex') !== sha256) throw differs('the bytes do not have the SHA-256 that was given')
  return sent
}

/** SHA-256 as 64 lower-case hexadecimal digits. @internal */
export async function sha256Of(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of content) hash.update(piece)
  return hash.digest('hex')
}

async function* read(body: Body, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted()
  if (isUint8Array(body)) return yield* cut(body)
  const reader = body.open(0).getReader()
  const cancel = (): void => void reader.cancel(signal?.reason).catch(() => {})
  const forget = signal ? onAbort(signal, cancel) : () => {}
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal?.throwIfAborted()
      if (done) return
      if (!isUint8Array(value)) throw invalid('the stream of a body must give Uint8Arrays')
      yield* cut(value)
    }
  } finally {
    forget()
    cancel()
  }
}

function* cut(whole: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < whole.byteLength; offset += PIECE_BYTES) {
    yield whole.subarray(offset, offset + PIECE_BYTES)
  }
}
