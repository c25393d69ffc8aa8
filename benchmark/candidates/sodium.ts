import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { Codec, Keys } from './codec.ts'
import { rawKey } from './positioned.ts'

const CHUNK_LENGTH = 1024 * 1024
const TAG_MESSAGE = 0
const TAG_FINAL = 3

/** libsodium's secretstream, however it is called in the library at hand. */
export interface SecretStream {
  readonly headerLength: number
  readonly overhead: number
  startSealing(key: Uint8Array): { header: Uint8Array; push(plain: Uint8Array, tag: number): Uint8Array }
  /** `pull` throws when a chunk does not verify. */
  startOpening(key: Uint8Array, header: Uint8Array): { pull(sealed: Uint8Array): { plain: Uint8Array; tag: number } }
}

/** A file by secretstream, 1 MiB chunks, the last one marked. */
export function secretStreamCodec(library: SecretStream): Codec {
  return {
    async seal(source: string, target: string, keys: Keys): Promise<void> {
      await copying(source, target, (from, into) => {
        const { header, push } = library.startSealing(rawKey(keys))
        writeSync(into, header)
        for (const { piece, last } of pieces(from, CHUNK_LENGTH)) {
          writeSync(into, push(piece, last ? TAG_FINAL : TAG_MESSAGE))
        }
      })
    },
    async open(source: string, target: string, keys: Keys): Promise<void> {
      await copying(source, target, (from, into) => {
        const header = Buffer.alloc(library.headerLength)
        readSync(from, header)
        const { pull } = library.startOpening(rawKey(keys), header)
        for (const { piece, last } of pieces(from, CHUNK_LENGTH + library.overhead)) {
          const { plain, tag } = pull(piece)
          if ((tag === TAG_FINAL) !== last) throw new Error('the last chunk is not where it belongs')
          writeSync(into, plain)
        }
      })
    },
  }
}

async function copying(source: string, target: string, work: (from: number, into: number) => void): Promise<void> {
  const [from, into] = [openSync(source, 'r'), openSync(target, 'w')]
  try {
    work(from, into)
  } finally {
    closeSync(from)
    closeSync(into)
  }
}

/** The file from where it stands, in pieces; an empty file is one empty piece. */
function* pieces(file: number, length: number): Generator<{ piece: Uint8Array; last: boolean }> {
  let piece = read(file, length)
  for (;;) {
    const following = piece.length < length ? piece.subarray(0, 0) : read(file, length)
    yield { piece, last: following.length === 0 }
    if (following.length === 0) return
    piece = following
  }
}

function read(file: number, length: number): Uint8Array {
  const buffer = Buffer.allocUnsafeSlow(length)
  let done = 0
  for (let count = -1; count !== 0 && done < length; done += count)
    count = readSync(file, buffer, done, length - done, null)
  return buffer.subarray(0, done)
}
