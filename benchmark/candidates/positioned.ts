import { closeSync, fstatSync, openSync, readFileSync, readSync, writevSync } from 'node:fs'
import type { Keys } from './codec.ts'

export const TAG_LENGTH = 16
export const NONCE_LENGTH = 12

/** The 32 bytes for candidates without key management. */
export function rawKey(keys: Keys): Buffer {
  return readFileSync(keys.raw)
}

/** A nonce from the chunk's number, with the last chunk marked, as age has it. */
export function chunkNonce(chunk: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_LENGTH)
  nonce.writeUIntBE(chunk, 5, 6)
  nonce[11] = last ? 1 : 0
  return nonce
}

/** Runs `work` on two open files and closes them. */
export async function withFiles<T>(
  source: string,
  target: string,
  work: (from: number, into: number, length: number) => T | Promise<T>,
): Promise<T> {
  const from = openSync(source, 'r')
  const into = openSync(target, 'w')
  try {
    return await work(from, into, fstatSync(from).size)
  } finally {
    closeSync(from)
    closeSync(into)
  }
}

/** Fills `buffer` from `position`. */
export function readExactly(file: number, buffer: Uint8Array, position: number): void {
  for (let done = 0; done < buffer.length; ) {
    const count = readSync(file, buffer, done, buffer.length - done, position + done)
    if (count === 0) throw new Error('the file ends early')
    done += count
  }
}

/** Writes all of `pieces` at `position`. */
export function writeExactly(file: number, pieces: Uint8Array[], position: number): void {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (writevSync(file, pieces, position) !== length) throw new Error('a short write')
}
