import sodium from 'libsodium-wrappers'
import type { SecretStream } from './sodium.ts'

/** libsodium compiled to WebAssembly. */
export async function sodiumWasm(): Promise<SecretStream> {
  await sodium.ready
  return {
    headerLength: sodium.crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    overhead: sodium.crypto_secretstream_xchacha20poly1305_ABYTES,
    startSealing(key) {
      const { state, header } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key)
      return {
        header,
        push: (plain, tag) => sodium.crypto_secretstream_xchacha20poly1305_push(state, plain, null, tag),
      }
    },
    startOpening(key, header) {
      const state = sodium.crypto_secretstream_xchacha20poly1305_init_pull(header, key)
      return {
        pull(sealed) {
          const pulled = sodium.crypto_secretstream_xchacha20poly1305_pull(state, sealed, null)
          if (pulled === false) throw new Error('a chunk failed authentication')
          return { plain: pulled.message, tag: pulled.tag }
        },
      }
    },
  }
}
