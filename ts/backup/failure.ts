import { CATALOG, isErrorCode } from '../errors/catalog.ts'
import type { ErrorCode } from '../errors/details.ts'
import { type AnyHoldfastError, makeError } from '../errors.ts'
import type { Failure } from './records.ts'

/**
 * The typed error for a failure that the addon reports as plain data. `destination` is named where the failure is the
 * destination's; `cause` is what the caller's own code threw, if it did.
 *
 * @internal
 */
export function reported({ code, message, details }: Failure, destination: string, cause?: unknown): AnyHoldfastError {
  if (!isErrorCode(code)) return makeError('INTERNAL', message, { cause: { code, message, details } })
  const isDestinations = CATALOG[code].kind === 'DestinationError'
  const known = isDestinations ? { destination, ...details } : details
  return makeError(code, message, { details: known, ...(cause !== undefined && { cause }) })
}

/**
 * `error` with other details, and with the destination's name among them if it is the destination's.
 *
 * @internal
 */
export function named(error: AnyHoldfastError, details: object, destination: string): AnyHoldfastError {
  const { code, message, safe, cause } = error
  const isDestinations = CATALOG[code].kind === 'DestinationError'
  const known = isDestinations ? { destination, ...details } : details
  return makeError<ErrorCode>(code, message, { details: known, safe, ...(cause !== undefined && { cause }) })
}
