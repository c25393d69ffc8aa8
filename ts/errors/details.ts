/** A kind of credential, as errors and file information name it. */
export type CredentialKind = 'password' | 'key'

/** Details of an error that has none. */
export type NoDetails = Readonly<Record<never, never>>

/**
 * What each error carries in `details`, by code: enough to say the message in another language.
 *
 * Never a key, a password, plaintext or a path.
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
  UNSUPPORTED_VERSION: NoDetails
  /** `line`: one-based line of the header or the armor, where one can be named. */
  MALFORMED: { readonly line?: number }
  /** `what`: the cost that is out of range, with its unit. */
  KDF_LIMIT: { readonly what: string; readonly asked: number; readonly limit: number }
  HEADER_TAMPERED: NoDetails
  /** `chunk`: zero-based. `offset`: of the chunk's first byte in the binary sealed file. */
  CHUNK_CORRUPT: { readonly chunk: number; readonly offset: number }
  /** `chunks`: number of chunks that did open. */
  TRUNCATED: { readonly chunks: number }
  /** `chunk`: the final one, zero-based. `offset`: of the first byte after it. */
  TRAILING_DATA: { readonly chunk: number; readonly offset: number }
  /** `call`: the step that failed. */
  SOURCE_UNREADABLE: { readonly call: string }
  SOURCE_CHANGED: NoDetails
  TARGET_EXISTS: NoDetails
  TARGET_UNSAFE: NoDetails
  /** `call`: the step that failed. */
  TARGET_UNWRITABLE: { readonly call: string }
  /** `call`: the step that failed. */
  NO_SPACE: { readonly call: string }
  /** `destination`: its kind, in this error and those below, such as `s3`. */
  DESTINATION_DENIED: { readonly destination: string }
  /** `retryAfterMs`: the pause that the destination asks for, where it names one. */
  DESTINATION_BUSY: { readonly destination: string; readonly retryAfterMs?: number }
  DESTINATION_UNREACHABLE: { readonly destination: string }
  DESTINATION_FULL: { readonly destination: string }
  DESTINATION_TIMEOUT: { readonly destination: string }
  /** `object`: its name within the destination. */
  OBJECT_MISSING: { readonly destination: string; readonly object: string }
  /** `object`: its name within the destination. */
  OBJECT_EXISTS: { readonly destination: string; readonly object: string }
  /** `object`: its name within the destination. */
  UPLOAD_MISMATCH: { readonly destination: string; readonly object: string }
  TOO_LARGE: NoDetails
  /** `kib`: memory asked for, in KiB. */
  OUT_OF_MEMORY: { readonly kib: number }
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
