import { isUint8Array } from 'node:util/types'

/**
 * The bytes of a stream in one piece: at most `most`, after which the stream is cancelled.
 *
 * @internal
 */
export async function gathered(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of stream) {
    if (!isUint8Array(piece)) throw new TypeError('a destination gave something else than bytes')
    pieces.push(piece)
    length += piece.byteLength
    if (length >= most) break
  }
  const [only] = pieces
  const whole = only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces, length)
  return length > most ? whole.subarray(0, most) : whole
}
