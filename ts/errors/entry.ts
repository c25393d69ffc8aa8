import type { DetailName, ErrorCode } from './details.ts'

/** What is the same for every error of one code. */
export interface Entry<C extends ErrorCode> {
  /** Name of the class. */
  readonly kind: ErrorKind
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean
  /** When it happens: one line of `docs/errors.md`. */
  readonly when: string
  /** One sentence for the user: what to do next. */
  readonly hint: string
  /** Names of what `details` can hold. */
  readonly details: readonly DetailName<C>[]
}

/** Name of an error class. */
export type ErrorKind =
  | 'HoldfastError'
  | 'CredentialError'
  | 'FormatError'
  | 'IntegrityError'
  | 'FileError'
  | 'DestinationError'
  | 'AvailabilityError'
  | 'LimitError'
  | 'UsageError'
  | 'PlatformError'
