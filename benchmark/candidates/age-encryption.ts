import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { Decrypter, Encrypter } from 'age-encryption'
import type { Codec, Keys } from './codec.ts'

/** age in JavaScript, over web streams. */
export const ageEncryption: Codec = {
  async seal(source: string, target: string, keys: Keys): Promise<void> {
    const encrypter = new Encrypter()
    encrypter.addRecipient(readFileSync(keys.recipient, 'utf8').trim())
    await write(await encrypter.encrypt(read(source)), target)
  },
  async open(source: string, target: string, keys: Keys): Promise<void> {
    const decrypter = new Decrypter()
    decrypter.addIdentity(readFileSync(keys.identity, 'utf8').trim())
    await write(await decrypter.decrypt(read(source)), target)
  },
}

function read(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>
}

async function write(stream: ReadableStream<Uint8Array>, path: string): Promise<void> {
  await pipeline(Readable.fromWeb(stream as NodeReadableStream<Uint8Array>), createWriteStream(path))
}
