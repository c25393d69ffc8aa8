/** Bytes of a chunk with its tag. */
export const SEALED_CHUNK = 65_552
const NONCE = 16

/** A sealed file taken apart, for tests that damage it. */
export interface Parts {
  /** Version line, stanzas and MAC line, with the last line feed. */
  readonly header: Buffer
  readonly nonce: Buffer
  readonly chunks: readonly Buffer[]
}

export function takeApart(sealed: Uint8Array): Parts {
  const file = Buffer.from(sealed)
  const start = file.indexOf('\n', file.indexOf('\n--- ') + 1) + 1
  const payload = file.subarray(start + NONCE)
  const count = Math.ceil(payload.length / SEALED_CHUNK)
  return {
    header: file.subarray(0, start),
    nonce: file.subarray(start, start + NONCE),
    chunks: Array.from({ length: count }, (_, index) =>
      payload.subarray(index * SEALED_CHUNK, (index + 1) * SEALED_CHUNK),
    ),
  }
}

export function putTogether({ header, nonce, chunks }: Parts): Buffer {
  return Buffer.concat([header, nonce, ...chunks])
}

/** The stanzas of a header, each with its lines and line feeds, and the MAC line. */
export function stanzas(header: Buffer): { list: string[]; mac: string } {
  const [, ...parts] = header.toString('latin1').split(/^(?=-> |--- )/m)
  return { list: parts.slice(0, -1), mac: parts.at(-1) ?? '' }
}

export function headerOf(list: readonly string[], mac: string): Buffer {
  return Buffer.from(`age-encryption.org/v1\n${list.join('')}${mac}`, 'latin1')
}

/** A copy with one bit of the byte at `offset` changed. */
export function flipped(bytes: Uint8Array, offset: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[offset] = (copy[offset] ?? 0) ^ 0x01
  return copy
}

/** Length of the sealed form of `length` bytes behind a header of `headerBytes`. */
export function sealedLength(headerBytes: number, length: number): number {
  return headerBytes + NONCE + length + 16 * Math.max(1, Math.ceil(length / 65_536))
}
