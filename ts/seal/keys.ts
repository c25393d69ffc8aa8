import { bytes } from '../arguments.ts'
import { type Call, run } from '../call.ts'
import { type Password, passwordHandle } from '../credentials/password.ts'
import { keyHandle, keyOf, type RecoveryKey } from '../credentials/recovery-key.ts'

/**
 * Seals a 64-digit key under a password: a sealed file of a few hundred bytes, to store wherever. One key derivation
 * opens it, and the key then opens any number of files.
 *
 * @throws {@link CredentialError} `PASSWORD_LENGTH` and `PASSWORD_CHARACTER` for what must not become a password.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 */
export async function sealKey(key: RecoveryKey, password: Password, call: Call = {}): Promise<Uint8Array> {
  const sealed = keyHandle(key, 'key')
  const under = passwordHandle(password, 'password')
  return await run(call, (control, addon) => addon.sealKey(control, sealed, under))
}

/**
 * Opens what {@link sealKey} made. The bytes are read before the call returns its promise.
 *
 * @throws {@link CredentialError} `WRONG_CREDENTIAL`, `NO_SUCH_SLOT`.
 * @throws {@link FormatError} `NOT_SEALED`, `UNSUPPORTED_VERSION`, `MALFORMED` (also when what is sealed is no key),
 * `KDF_LIMIT`.
 * @throws {@link IntegrityError} `HEADER_TAMPERED`, `CHUNK_CORRUPT`, `TRUNCATED`, `TRAILING_DATA`.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
 * @throws {@link UsageError} `INVALID_ARGUMENT`, also for bytes in shared, resizable or detached memory.
 * @throws `signal.reason` when aborted.
 */
export async function openKey(sealed: Uint8Array, password: Password, call: Call = {}): Promise<RecoveryKey> {
  const kept = bytes(sealed, 'sealed')
  const handle = passwordHandle(password, 'password')
  return keyOf(await run(call, (control, addon) => addon.openKey(control, kept, handle)))
}
