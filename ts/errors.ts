import { CATALOG, type CodeOf, type ErrorKind, isErrorCode } from './errors/catalog.ts'
import type { ErrorCode, ErrorDetails } from './errors/details.ts'

const BRAND: unique symbol = Symbol.for('holdfast.error')

/** What an error is made of, besides code and message. */
export interface ErrorParts<C extends ErrorCode> extends ErrorOptions {
  /** Values behind the message; none by default. */
  readonly details?: ErrorDetails[C]
  /** Whether no visible file had changed; true by default. */
  readonly safe?: boolean
}

/** An error as plain data: it survives JSON, `structuredClone` and Electron's IPC. */
export interface ErrorData<C extends ErrorCode = ErrorCode> {
  /** Name of the class. */
  readonly name: string
  /** Stable name of the failure. */
  readonly code: C
  /** English text. */
  readonly message: string
  /** One sentence for the user. */
  readonly hint: string
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean
  /** Whether no visible file had changed. */
  readonly safe: boolean
  /** Values behind the message. */
  readonly details: ErrorDetails[C]
}

/**
 * Base of every error this package throws on purpose. No part of it repeats a key, a password, plaintext, or a path
 * other than those within a snapshot.
 *
 * Not used for cancellation: an aborted call rejects with `signal.reason`. Not used for what a callback of
 * the caller throws: the call rejects with that.
 */
export class HoldfastError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'HoldfastError'
  /** Stable name of the failure. */
  readonly code: C
  /** Values behind the message: hosts translate from code and details. */
  readonly details: ErrorDetails[C]
  /** Whether no visible file had changed when this happened. */
  readonly safe: boolean

  /** Made by this package; a host that wants one for its tests can call it too. */
  constructor(code: C, message: string, parts: ErrorParts<C> = {}) {
    super(message, 'cause' in parts ? { cause: parts.cause } : {})
    this.code = code
    this.details = Object.freeze({ ...parts.details }) as ErrorDetails[C]
    this.safe = parts.safe ?? true
  }

  /** One sentence for the user: what to do next. */
  get hint(): string {
    return CATALOG[this.code].hint
  }

  /** Whether the same call may succeed later, unchanged. */
  get retryable(): boolean {
    return CATALOG[this.code].retryable
  }

  /** Marks errors of every copy of this package; read by {@link isHoldfastError}. */
  get [BRAND](): true {
    return true
  }

  /** This error as plain data, without stack and cause. */
  toJSON(): ErrorData<C> {
    const { name, code, message, hint, retryable, safe, details } = this
    return { name, code, message, hint, retryable, safe, details }
  }

  /**
   * The error that {@link HoldfastError.toJSON} described, as an instance of its class.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when `data` is something else, or has a code that this version does
   * not know.
   */
  static fromJSON(data: unknown): AnyHoldfastError {
    if (!isErrorData(data)) throw invalid('the data does not describe an error of this package')
    return makeError(data.code, data.message, { details: data.details, safe: data.safe })
  }
}

/** The password or the 64-digit key does not fit, or cannot be one. */
export class CredentialError<C extends CodeOf<'CredentialError'> = CodeOf<'CredentialError'>> extends HoldfastError<C> {
  override readonly name = 'CredentialError'
}

/** The file is not one that this program reads. Damage behind the header is an {@link IntegrityError}. */
export class FormatError<C extends CodeOf<'FormatError'> = CodeOf<'FormatError'>> extends HoldfastError<C> {
  override readonly name = 'FormatError'
}

/** A file or a backup was changed, damaged or cut since it was made. Not used for a wrong credential. */
export class IntegrityError<C extends CodeOf<'IntegrityError'> = CodeOf<'IntegrityError'>> extends HoldfastError<C> {
  override readonly name = 'IntegrityError'
}

/** A file cannot be read or written. */
export class FileError<C extends CodeOf<'FileError'> = CodeOf<'FileError'>> extends HoldfastError<C> {
  override readonly name = 'FileError'
}

/** Where sealed objects are kept refuses, fails, or does not have what was asked for. */
export class DestinationError<
  C extends CodeOf<'DestinationError'> = CodeOf<'DestinationError'>,
> extends HoldfastError<C> {
  override readonly name = 'DestinationError'
}

/** Somebody else is at work there. */
export class AvailabilityError<
  C extends CodeOf<'AvailabilityError'> = CodeOf<'AvailabilityError'>,
> extends HoldfastError<C> {
  override readonly name = 'AvailabilityError'
}

/** The work needs more than there is. */
export class LimitError<C extends CodeOf<'LimitError'> = CodeOf<'LimitError'>> extends HoldfastError<C> {
  override readonly name = 'LimitError'
}

/** The call itself is wrong. */
export class UsageError<C extends CodeOf<'UsageError'> = CodeOf<'UsageError'>> extends HoldfastError<C> {
  override readonly name = 'UsageError'
}

/** This system lacks something that the package needs. */
export class PlatformError<C extends CodeOf<'PlatformError'> = CodeOf<'PlatformError'>> extends HoldfastError<C> {
  override readonly name = 'PlatformError'
}

/** Every error of this package as a union over its codes: comparing `code` narrows `details`. */
export type AnyHoldfastError = { [C in ErrorCode]: HoldfastError<C> }[ErrorCode]

/**
 * Whether `value` is an error of this package, of any copy of it in the process, and, if asked, has this code.
 *
 * @example
 * ```ts
 * if (isHoldfastError(error, 'CHUNK_CORRUPT')) console.error(`damaged at byte ${error.details.offset}`)
 * ```
 */
export function isHoldfastError(value: unknown): value is AnyHoldfastError
export function isHoldfastError<C extends ErrorCode>(value: unknown, code: C): value is HoldfastError<C>
export function isHoldfastError(value: unknown, code?: ErrorCode): boolean {
  if (!(value instanceof Error) || !(BRAND in value)) return false
  return code === undefined || ('code' in value && value.code === code)
}

const CLASSES: Record<ErrorKind, typeof HoldfastError> = {
  HoldfastError,
  CredentialError: CredentialError as typeof HoldfastError,
  FormatError: FormatError as typeof HoldfastError,
  IntegrityError: IntegrityError as typeof HoldfastError,
  FileError: FileError as typeof HoldfastError,
  DestinationError: DestinationError as typeof HoldfastError,
  AvailabilityError: AvailabilityError as typeof HoldfastError,
  LimitError: LimitError as typeof HoldfastError,
  UsageError: UsageError as typeof HoldfastError,
  PlatformError: PlatformError as typeof HoldfastError,
}

/**
 * An error of the class that belongs to `code`.
 *
 * @internal
 */
export function makeError<C extends ErrorCode>(
  code: C,
  message: string,
  parts: ErrorParts<C> = {},
): HoldfastError<C> & AnyHoldfastError {
  const Class = CLASSES[CATALOG[code].kind]
  return new Class<C>(code, message, parts) as HoldfastError<C> & AnyHoldfastError
}

/**
 * `INVALID_ARGUMENT`; `message` names the argument and never repeats its value.
 *
 * @internal
 */
export function invalid(message: string, options: ErrorOptions = {}): UsageError<'INVALID_ARGUMENT'> {
  return new UsageError('INVALID_ARGUMENT', message, options)
}

function isErrorData(data: unknown): data is ErrorData {
  if (typeof data !== 'object' || data === null) return false
  const { code, message, safe, details } = data as Partial<Record<string, unknown>>
  const known = isErrorCode(code) && typeof message === 'string' && typeof safe === 'boolean'
  return known && typeof details === 'object' && details !== null
}
