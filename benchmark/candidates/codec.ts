/** Where the key material of one run lies, one secret in several forms. */
export interface Keys {
  /** 32 random bytes, for candidates that have no key management. */
  readonly raw: string
  /** `AGE-SECRET-KEY-PQ-1…`, the 64-digit key as an age identity. */
  readonly identity: string
  /** `age1pq1…` */
  readonly recipient: string
}

/** One way to seal and open a file. */
export interface Codec {
  seal(source: string, target: string, keys: Keys): Promise<void>
  /** Rejects when a byte of the sealed file was changed. */
  open(source: string, target: string, keys: Keys): Promise<void>
}
