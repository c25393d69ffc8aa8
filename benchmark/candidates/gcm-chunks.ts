import { createCipheriv, createDecipheriv } from 'node:crypto'
import { chunkNonce, readExactly, TAG_LENGTH, writeExactly } from './positioned.ts'

export const CHUNK_LENGTH = 1024 * 1024
export const SALT_LENGTH = 32

/** What each worker gets. */
export interface Share {
  readonly direction: 'seal' | 'open'
  readonly from: number
  readonly into: number
  /** Length of the plaintext. */
  readonly length: number
  readonly key: Uint8Array
  /** Number of the next unclaimed chunk. */
  readonly next: Int32Array
}

/** Claims chunks until there are none left: pread, seal or open, pwrite. */
export function work({ direction, from, into, length, key, next }: Share): void {
  const chunks = Math.max(1, Math.ceil(length / CHUNK_LENGTH))
  const buffer = Buffer.allocUnsafeSlow(CHUNK_LENGTH + TAG_LENGTH)
  for (let chunk = Atomics.add(next, 0, 1); chunk < chunks; chunk = Atomics.add(next, 0, 1)) {
    const nonce = chunkNonce(chunk, chunk === chunks - 1)
    const plainLength = Math.min(CHUNK_LENGTH, length - chunk * CHUNK_LENGTH)
    const plainAt = chunk * CHUNK_LENGTH
    const sealedAt = SALT_LENGTH + chunk * (CHUNK_LENGTH + TAG_LENGTH)
    if (direction === 'seal') {
      const plain = buffer.subarray(0, plainLength)
      readExactly(from, plain, plainAt)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const sealed = cipher.update(plain)
      cipher.final()
      writeExactly(into, [sealed, cipher.getAuthTag()], sealedAt)
    } else {
      const sealed = buffer.subarray(0, plainLength + TAG_LENGTH)
      readExactly(from, sealed, sealedAt)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH })
      decipher.setAuthTag(sealed.subarray(plainLength))
      const plain = decipher.update(sealed.subarray(0, plainLength))
      decipher.final()
      writeExactly(into, [plain], plainAt)
    }
  }
}
