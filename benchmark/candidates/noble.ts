import { hkdfSync, randomBytes } from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import type { Codec, Keys } from './codec.ts'
import { chunkNonce, rawKey, readExactly, TAG_LENGTH, withFiles, writeExactly } from './positioned.ts'

const CHUNK_LENGTH = 64 * 1024
const SALT_LENGTH = 32

/** ChaCha20-Poly1305 in JavaScript, 64 KiB chunks, one after the other, with plain reads and writes. */
export const noble: Codec = {
  async seal(source: string, target: string, keys: Keys): Promise<void> {
    await withFiles(source, target, (from, into, length) => {
      const salt = randomBytes(SALT_LENGTH)
      const key = derive(keys, salt)
      writeExactly(into, [salt], 0)
      const chunks = Math.max(1, Math.ceil(length / CHUNK_LENGTH))
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        const plain = new Uint8Array(Math.min(CHUNK_LENGTH, length - chunk * CHUNK_LENGTH))
        readExactly(from, plain, chunk * CHUNK_LENGTH)
        const sealed = chacha20poly1305(key, chunkNonce(chunk, chunk === chunks - 1)).encrypt(plain)
        writeExactly(into, [sealed], SALT_LENGTH + chunk * (CHUNK_LENGTH + TAG_LENGTH))
      }
    })
  },
  async open(source: string, target: string, keys: Keys): Promise<void> {
    await withFiles(source, target, (from, into, size) => {
      const salt = new Uint8Array(SALT_LENGTH)
      readExactly(from, salt, 0)
      const key = derive(keys, salt)
      const sealedChunk = CHUNK_LENGTH + TAG_LENGTH
      const chunks = Math.ceil((size - SALT_LENGTH) / sealedChunk)
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        const at = SALT_LENGTH + chunk * sealedChunk
        const sealed = new Uint8Array(Math.min(sealedChunk, size - at))
        readExactly(from, sealed, at)
        const plain = chacha20poly1305(key, chunkNonce(chunk, chunk === chunks - 1)).decrypt(sealed)
        writeExactly(into, [plain], chunk * CHUNK_LENGTH)
      }
    })
  },
}

function derive(keys: Keys, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', rawKey(keys), salt, 'chunks', 32))
}
