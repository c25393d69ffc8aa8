// The files that the quickstart works on: random content, a plain copy, a damaged copy, digests.
import { createCipheriv, createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'

const PIECE = 2 ** 20
const ALL_ZERO_IV = Buffer.alloc(16)

/** Writes `bytes` bytes that look random and are the same for the same `seed`. */
export async function writeRandom(path, bytes, seed, signal) {
  const stream = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), ALL_ZERO_IV)
  const zeros = Buffer.alloc(PIECE)
  const file = await open(path, 'wx')
  try {
    for (let left = bytes; left > 0; left -= PIECE) {
      signal.throwIfAborted()
      await file.write(stream.update(zeros.subarray(0, Math.min(PIECE, left))))
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Copies without any trick of the file system, and flushes: what sealing would cost if sealing were free. */
export async function copyPlainly(source, target, signal) {
  const [from, to] = [await open(source, 'r'), await open(target, 'wx')]
  const piece = Buffer.alloc(PIECE)
  try {
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await from.read(piece, 0, PIECE)
      if (bytesRead === 0) break
      await to.write(piece, 0, bytesRead)
    }
    await to.sync()
  } finally {
    await from.close()
    await to.close()
  }
}

/** A copy of `source` with one bit of the byte at `offset` turned over. */
export async function copyFlipped(source, target, offset) {
  await copyFile(source, target)
  await flipByte(target, offset)
}

/** Turns over one bit of the byte at `offset`, or of the one in the middle of the file. */
export async function flipByte(path, offset) {
  const file = await open(path, 'r+')
  try {
    const at = offset ?? Math.floor((await file.stat()).size / 2)
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, at)
    byte[0] ^= 1
    await file.write(byte, 0, 1, at)
  } finally {
    await file.close()
  }
}

/** SHA-256 of a file's content. */
export async function digestOf(path, signal) {
  return digestOfStream(createReadStream(path, { highWaterMark: PIECE, signal }))
}

/** SHA-256 of all that a stream gives. */
export async function digestOfStream(stream) {
  const hash = createHash('sha256')
  for await (const piece of stream) hash.update(piece)
  return hash.digest('hex')
}
