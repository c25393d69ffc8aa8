import { type Call, run } from '../call.ts'
import { type Source, sourcePlace } from './places.ts'

/** One way into a sealed file. */
export interface StanzaInfo {
  /**
   * `mlkem768x25519`: a 64-digit key or another post-quantum age identity. `argon2id`: a password. `x25519`: a
   * classical age identity. `scrypt`: an age password. `unknown`: something that this version does not open.
   */
  readonly kind: 'argon2id' | 'mlkem768x25519' | 'x25519' | 'scrypt' | 'unknown'
  /** The stanza's type, as it stands in the file. */
  readonly tag: string
  /** Argon2id memory in KiB. */
  readonly memoryKib?: number
  /** Argon2id passes over the memory. */
  readonly passes?: number
  /** Argon2id lanes. */
  readonly lanes?: number
  /** scrypt work factor, as a power of two. */
  readonly logN?: number
}

/** What a sealed file tells without a credential. Only opening authenticates it. */
export interface SealedInfo {
  /** Version of the age format. */
  readonly version: 1
  /** Whether the file is ASCII armored. */
  readonly armored: boolean
  /** Whether every stanza resists quantum computers, as far as is known today. */
  readonly postquantum: boolean
  /** The ways in, in the order of the header. */
  readonly stanzas: readonly StanzaInfo[]
  /** Length of the header in bytes. */
  readonly headerBytes: number
  /** Length of the binary sealed file in bytes; null for armor and streams. */
  readonly sealedBytes: number | null
  /** Length of the plaintext in bytes, by the formula of `docs/format.md` section 2; null for armor and streams. */
  readonly bytes: number | null
}

const CLASSICAL: ReadonlySet<StanzaInfo['kind']> = new Set(['x25519', 'unknown'])

/**
 * Reads the header of the sealed file at `source`: what opens it and how long its content is. Needs no credential.
 *
 * @throws {@link FormatError} `NOT_SEALED`, `UNSUPPORTED_VERSION`, `MALFORMED`, `KDF_LIMIT`.
 * @throws {@link IntegrityError} `TRUNCATED` for a length that no sealed file has.
 * @throws {@link FileError} `SOURCE_UNREADABLE`.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 */
export async function inspect(source: Source, call: Call = {}): Promise<SealedInfo> {
  const from = sourcePlace(source)
  const { armored, stanzas, headerBytes, sealedBytes, bytes } = await run(call, (control, addon) =>
    addon.inspectFile(control, from),
  )
  const postquantum = !stanzas.some(({ kind }) => CLASSICAL.has(kind))
  return { version: 1, armored, postquantum, stanzas, headerBytes, sealedBytes, bytes }
}
