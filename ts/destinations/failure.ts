import type { CodeOf } from '../errors/catalog.ts'
import { type HoldfastError, makeError } from '../errors.ts'
import type { ObjectPath } from './destination.ts'

/** Codes that say something about the destination, not about one object. */
export type DestinationCode = Exclude<CodeOf<'DestinationError'>, ObjectCode>

/** Codes that say something about one object. */
export type ObjectCode = 'OBJECT_MISSING' | 'OBJECT_EXISTS' | 'UPLOAD_MISMATCH'

/**
 * The destination did not do what it was asked to. `what` repeats no key, secret or file path.
 *
 * @internal
 */
export function destinationFailed(
  code: DestinationCode,
  destination: string,
  what: string,
  { cause, retryAfterMs }: { cause?: unknown; retryAfterMs?: number | undefined } = {},
): HoldfastError {
  const details = { destination, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  return makeError(code, `${destination}: ${what}`, { details, ...(cause !== undefined && { cause }) })
}

/**
 * `OBJECT_MISSING`
 *
 * @internal
 */
export function missing(destination: string, object: ObjectPath, options: ErrorOptions = {}): HoldfastError {
  return aboutObject('OBJECT_MISSING', destination, object, `no object at ${object}`, options)
}

/**
 * `OBJECT_EXISTS`
 *
 * @internal
 */
export function exists(destination: string, object: ObjectPath, options: ErrorOptions = {}): HoldfastError {
  return aboutObject('OBJECT_EXISTS', destination, object, `there is an object at ${object} already`, options)
}

/**
 * `UPLOAD_MISMATCH`; `what` says what differs.
 *
 * @internal
 */
export function mismatch(
  destination: string,
  object: ObjectPath,
  what: string,
  options: ErrorOptions = {},
): HoldfastError {
  return aboutObject('UPLOAD_MISMATCH', destination, object, `${what} at ${object}`, options)
}

/**
 * The pause that a `Retry-After` header asks for, in milliseconds: it is a number of seconds or a date (RFC 9110,
 * section 10.2.3). Undefined for anything else; never negative.
 *
 * @internal
 */
export function retryAfterMs(header: string | undefined, now: number = Date.now()): number | undefined {
  const text = header?.trim() ?? ''
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

function aboutObject(
  code: ObjectCode,
  destination: string,
  object: ObjectPath,
  what: string,
  options: ErrorOptions,
): HoldfastError {
  return makeError(code, `${destination}: ${what}`, { details: { destination, object }, ...options })
}
