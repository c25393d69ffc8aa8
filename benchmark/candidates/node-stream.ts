import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open as openHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Codec, Keys } from './codec.ts'
import { NONCE_LENGTH, rawKey, readExactly, TAG_LENGTH } from './positioned.ts'

const ALGORITHM = 'chacha20-poly1305'
const OPTIONS = { authTagLength: TAG_LENGTH } as const

/**
 * The stream pipeline of tutorials: the file as one message. Opening hands plaintext out before the tag is checked.
 *
 * `highWaterMark` is the piece that streams move at a time; undefined is Node's default, 64 KiB.
 */
export function nodeStream(highWaterMark: number | undefined): Codec {
  const pieces = highWaterMark === undefined ? {} : { highWaterMark }
  return {
    async seal(source: string, target: string, keys: Keys): Promise<void> {
      const nonce = randomBytes(NONCE_LENGTH)
      const cipher = createCipheriv(ALGORITHM, rawKey(keys), nonce, OPTIONS)
      const sink = createWriteStream(target, pieces)
      sink.write(nonce)
      await pipeline(createReadStream(source, pieces), cipher, sink, { end: false })
      await new Promise<void>((resolve, reject) => {
        sink.once('error', reject)
        sink.end(cipher.getAuthTag(), resolve)
      })
    },
    async open(source: string, target: string, keys: Keys): Promise<void> {
      const { nonce, tag, end } = await ends(source)
      const decipher = createDecipheriv(ALGORITHM, rawKey(keys), nonce, OPTIONS)
      decipher.setAuthTag(tag)
      const body = end < NONCE_LENGTH ? [] : createReadStream(source, { ...pieces, start: NONCE_LENGTH, end })
      await pipeline(body, decipher, createWriteStream(target, pieces))
    },
  }
}

async function ends(source: string): Promise<{ nonce: Buffer; tag: Buffer; end: number }> {
  const file = await openHandle(source)
  try {
    const { size } = await file.stat()
    const nonce = Buffer.alloc(NONCE_LENGTH)
    const tag = Buffer.alloc(TAG_LENGTH)
    readExactly(file.fd, nonce, 0)
    readExactly(file.fd, tag, size - TAG_LENGTH)
    return { nonce, tag, end: size - TAG_LENGTH - 1 }
  } finally {
    await file.close()
  }
}
