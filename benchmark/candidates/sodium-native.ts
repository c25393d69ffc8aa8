import sodium from 'sodium-native'
import type { SecretStream } from './sodium.ts'

const {
  crypto_secretstream_xchacha20poly1305_ABYTES: overhead,
  crypto_secretstream_xchacha20poly1305_HEADERBYTES: headerLength,
  crypto_secretstream_xchacha20poly1305_STATEBYTES: stateLength,
} = sodium

/** libsodium as a native addon. */
export const sodiumNative: SecretStream = {
  headerLength,
  overhead,
  startSealing(key) {
    const [state, header] = [Buffer.alloc(stateLength), Buffer.alloc(headerLength)]
    sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key)
    return {
      header,
      push(plain, tag) {
        const sealed = Buffer.allocUnsafeSlow(plain.length + overhead)
        sodium.crypto_secretstream_xchacha20poly1305_push(state, sealed, plain, null, tag)
        return sealed
      },
    }
  },
  startOpening(key, header) {
    const state = Buffer.alloc(stateLength)
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    return {
      pull(sealed) {
        const [plain, tag] = [Buffer.allocUnsafeSlow(sealed.length - overhead), Buffer.alloc(1)]
        sodium.crypto_secretstream_xchacha20poly1305_pull(state, plain, tag, sealed, null)
        return { plain, tag: tag.readUInt8() }
      },
    }
  },
}
