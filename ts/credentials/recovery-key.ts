import { inspect } from 'node:util'
import { CATALOG } from '../errors/catalog.ts'
import type { ErrorCode, ErrorDetails } from '../errors/details.ts'
import { fromNative } from '../errors/native.ts'
import { invalid } from '../errors.ts'
import { type Native, native } from '../native/binding.ts'

/** An age recipient: seals to whoever has its identity. */
export type AgeRecipient = `age1${string}`

/** An age identity: opens what was sealed to its recipient. It is a secret, as text. */
export type AgeIdentity = `AGE-SECRET-KEY-${string}`

type Handle = Native<'KeyHandle'>

let wrap: (handle: Handle) => RecoveryKey
let unwrap: (value: object) => Handle | undefined

/**
 * A 64-digit key: 32 random bytes. The bytes stay in the addon; this is a handle, and prints as
 * `RecoveryKey(redacted)`.
 *
 * Made by {@link generateKey}, {@link parseKey} and {@link openKey}. After {@link RecoveryKey.close} every use is
 * `INVALID_ARGUMENT`. A handle cannot travel to another thread: a structured clone of it is empty.
 */
export class RecoveryKey {
  readonly #handle: Handle

  private constructor(handle: Handle) {
    this.#handle = handle
  }

  static {
    wrap = (handle) => new RecoveryKey(handle)
    unwrap = (value) => (#handle in value ? value.#handle : undefined)
  }

  /**
   * The key as people write it down: 4 rows of 4 groups of 4 hexadecimal digits, 79 characters and line feeds.
   * It is a secret, as text.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when closed.
   */
  format(): string {
    return native(() => this.#handle.rows()).join('\n')
  }

  /**
   * The check group: 4 hexadecimal digits that follow from the key, for finding typing errors. It narrows a guess,
   * so do not store or log it.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when closed.
   */
  get check(): string {
    return native(() => this.#handle.checkGroup())
  }

  /**
   * The age recipient of this key, `age1pq1…`, 1959 characters. Public: who has it can seal to the key and not open.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when closed.
   */
  get recipient(): AgeRecipient {
    return native(() => this.#handle.recipient()) as AgeRecipient
  }

  /**
   * The key as age writes it, `AGE-SECRET-KEY-PQ-1…`: with it, `age` 1.3 and later opens what the key opens. It is a
   * secret, as text.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when closed.
   */
  identity(): AgeIdentity {
    return native(() => this.#handle.identity()) as AgeIdentity
  }

  /**
   * Whether both are the same key, compared in constant time.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when one of them is closed or `other` is no key.
   */
  equals(other: RecoveryKey): boolean {
    const handle = keyHandle(other, 'other')
    return native(() => this.#handle.sameAs(handle))
  }

  /** Whether {@link RecoveryKey.close} was called. */
  get closed(): boolean {
    return this.#handle.closed
  }

  /** Forgets the key. Calls that have begun keep it until they end. Closing twice is harmless. */
  close(): void {
    this.#handle.close()
  }

  /** Closes the key at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** `RecoveryKey(redacted)`. */
  toString(): string {
    return 'RecoveryKey(redacted)'
  }

  /** `RecoveryKey(redacted)`: JSON never holds the key. */
  toJSON(): string {
    return this.toString()
  }

  /** What `console.log` shows. */
  [inspect.custom](): string {
    return this.toString()
  }
}

/** Outcome of {@link parseKey.safe}: the key, or what is wrong with the text. */
export type ParsedKey = { readonly ok: true; readonly key: RecoveryKey } | KeyProblem

/** Why a text is no key; comparing `code` narrows `details`. */
export type KeyProblem = {
  [C in ErrorCode]: {
    readonly ok: false
    readonly code: C
    readonly details: ErrorDetails[C]
    /** One sentence for the user: what to do next. */
    readonly hint: string
  }
}[ErrorCode]

/**
 * A new key of 32 bytes from the system's random generator.
 *
 * @throws {@link HoldfastError} `INTERNAL` when the generator fails, {@link PlatformError} `ADDON_MISSING`.
 */
export function generateKey(): RecoveryKey {
  return keyOf(native((addon) => addon.KeyHandle.generate()))
}

/**
 * The key that `text` spells: 64 hexadecimal digits, or 68 with the check group, in any case and any grouping by white
 * space or hyphens; or an age identity `AGE-SECRET-KEY-PQ-1…`. Nothing is corrected silently.
 *
 * @throws {@link CredentialError} `KEY_LENGTH` with the count, `KEY_CHARACTER` with position and group, `KEY_CHECK`.
 * No message repeats digits.
 * @throws {@link UsageError} `INVALID_ARGUMENT` unless `text` is a string.
 */
export function parseKey(text: string): RecoveryKey {
  if (typeof text !== 'string') throw invalid('text must be a string')
  return keyOf(native((addon) => addon.KeyHandle.parse(text)))
}

/** As {@link parseKey}, for every keystroke of a form: it never throws. */
parseKey.safe = (text: string): ParsedKey => {
  try {
    return { ok: true, key: parseKey(text) }
  } catch (thrown) {
    const { code, details } = fromNative(thrown)
    return { ok: false, code, details, hint: CATALOG[code].hint } as KeyProblem
  }
}

/**
 * The public handle for one of the addon.
 *
 * @internal
 */
export function keyOf(handle: Handle): RecoveryKey {
  return wrap(handle)
}

/**
 * The addon's handle of `value`, or undefined unless it is a key that this copy of the package made.
 *
 * @internal
 */
export function keyHandleOf(value: unknown): Handle | undefined {
  return typeof value === 'object' && value !== null ? unwrap(value) : undefined
}

/**
 * The addon's handle of `value`.
 *
 * @throws `INVALID_ARGUMENT` unless it is a key that this copy of the package made.
 * @internal
 */
export function keyHandle(value: unknown, name: string): Handle {
  const handle = keyHandleOf(value)
  if (handle === undefined) throw invalid(`${name} must be a RecoveryKey`)
  return handle
}
