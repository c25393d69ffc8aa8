/** A kind of credential, as errors and file information name it. */
export type CredentialKind = 'password' | 'key'

/** What of a backup an error is about, where that can be named. */
export interface InRepository {
  /** Name of the object at the destination. */
  readonly object?: string
  /** Path of the entry within the snapshot. */
  readonly path?: string
}

/** Which entry an error is about, when it is one of several. */
export interface OfEntry {
  /** Its path within the snapshot. */
  readonly path?: string
}

/** Details of an error that has none. */
export type NoDetails = Readonly<Record<never, never>>

/**
 * What each error carries in `details`, by code: enough to say the message in another language.
 *
 * Never a key, a password, or plaintext; and no path but those within a snapshot.
 */
export interface ErrorDetails {
  /** `tried`: kinds of the credentials given. `looksLike`: the kind that the credential resembles, if another. */
  WRONG_CREDENTIAL: {
    readonly tried: readonly CredentialKind[]
    readonly looksLike?: CredentialKind
  }
  /** `available`: kinds of credential that the file has stanzas for. */
  NO_SUCH_SLOT: {
    readonly tried: readonly CredentialKind[]
    readonly available: readonly CredentialKind[]
    readonly looksLike?: CredentialKind
  }
  /** `object`: the slot, in this error and those below that have one: its name at the destination. */
  LAST_SLOT: { readonly object?: string }
  /** `digits`: hexadecimal digits found, white space and hyphens not counted. */
  KEY_LENGTH: { readonly digits: number }
  /** `position`: one-based, white space and hyphens not counted. `group`: one-based group of four. */
  KEY_CHARACTER: { readonly position: number; readonly group: number }
  KEY_CHECK: NoDetails
  KEY_WEAK: NoDetails
  /** `position`: one-based, in code points (in bytes where the input is not UTF-8). */
  PASSWORD_CHARACTER: { readonly position: number }
  /** `count`: code points found (UTF-16 units or bytes of an input too long to look at). */
  PASSWORD_LENGTH: { readonly count: number; readonly min: number; readonly max: number }
  NOT_SEALED: NoDetails
  NOT_A_REPOSITORY: { readonly object?: string }
  UNSUPPORTED_VERSION: NoDetails
  UNSUPPORTED_FEATURE: InRepository
  /** `line`: one-based line of the header or the armor, where one can be named. */
  MALFORMED: { readonly line?: number; readonly object?: string }
  /** `what`: the cost that is out of range, with its unit. */
  KDF_LIMIT: { readonly what: string; readonly asked: number; readonly limit: number }
  HEADER_TAMPERED: NoDetails
  /** `chunk`: zero-based. `offset`: of the chunk's first byte in the binary sealed file. */
  CHUNK_CORRUPT: { readonly chunk: number; readonly offset: number }
  /** `chunks`: number of chunks that did open. */
  TRUNCATED: { readonly chunks: number }
  /** `chunk`: the final one, zero-based. `offset`: of the first byte after it. */
  TRAILING_DATA: { readonly chunk: number; readonly offset: number }
  OBJECT_MISMATCH: InRepository
  OBJECT_FORGED: InRepository
  BLOCK_MISMATCH: InRepository
  BLOCK_MISSING: InRepository
  INDEX_DAMAGED: InRepository
  SNAPSHOT_TAMPERED: InRepository
  SLOT_INVALID: InRepository
  SLOT_FORGED: InRepository
  REPOSITORY_FORGED: InRepository
  PROTECTION_DOWNGRADED: InRepository
  ROLLBACK_SUSPECTED: InRepository
  PATH_UNSAFE: InRepository
  /** `call`: the step that failed. */
  SOURCE_UNREADABLE: OfEntry & { readonly call: string }
  SOURCE_CHANGED: OfEntry
  TARGET_EXISTS: OfEntry
  TARGET_UNSAFE: OfEntry
  /** `call`: the step that failed. */
  TARGET_UNWRITABLE: OfEntry & { readonly call: string }
  /** `call`: the step that failed. */
  NO_SPACE: OfEntry & { readonly call: string }
  /** `destination`: its kind, in this error and those below, such as `s3`. */
  DESTINATION_DENIED: { readonly destination: string }
  /** `retryAfterMs`: the pause that the destination asks for, where it names one. */
  DESTINATION_BUSY: { readonly destination: string; readonly retryAfterMs?: number }
  DESTINATION_UNREACHABLE: { readonly destination: string }
  DESTINATION_FULL: { readonly destination: string }
  DESTINATION_TIMEOUT: { readonly destination: string }
  /** `object`: its name within the destination, where it is one object. */
  OBJECT_MISSING: { readonly destination: string; readonly object?: string }
  /** `object`: its name within the destination, where it is one object. */
  OBJECT_EXISTS: { readonly destination: string; readonly object?: string }
  /** `object`: its name within the destination, where it is one object. */
  UPLOAD_MISMATCH: { readonly destination: string; readonly object?: string }
  LOCKED: NoDetails
  EPOCH_CHANGING: { readonly object?: string }
  TOO_LARGE: OfEntry
  /** `kib`: memory asked for, in KiB. */
  OUT_OF_MEMORY: { readonly kib: number }
  SNAPSHOT_MISSING: OfEntry
  INVALID_ARGUMENT: NoDetails
  /** `platform`: system, processor and C library. `package`: the npm package that has the addon for it. */
  ADDON_MISSING: { readonly platform: string; readonly package: string }
  /** `package`: its name on npm. */
  PACKAGE_MISSING: { readonly package: string }
  INTERNAL: NoDetails
}

/** Stable name of a failure. Codes are added, never renamed. */
export type ErrorCode = keyof ErrorDetails

type KeysOfUnion<T> = T extends unknown ? keyof T : never

/** Name of one detail of an error with code `C`. */
export type DetailName<C extends ErrorCode> = Extract<KeysOfUnion<ErrorDetails[C]>, string>
