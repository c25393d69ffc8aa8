import { type AnyHoldfastError, invalid, isHoldfastError, makeError } from '../errors.ts'
import { isErrorCode } from './catalog.ts'
import type { ErrorDetails } from './details.ts'

/** Codes of Node-API itself for a value of the wrong type. */
const WRONG_TYPE = /^(InvalidArg|[A-Z][a-z]+(Buffer)?Expected)$/i

/**
 * The typed error for whatever the addon threw.
 *
 * @internal
 */
export function fromNative(thrown: unknown): AnyHoldfastError {
  if (isHoldfastError(thrown)) return thrown
  const { code, details, safe, message } = parts(thrown)
  if (isErrorCode(code)) {
    return makeError(code, message, { details, safe, ...(code === 'INTERNAL' && { cause: thrown }) })
  }
  if (WRONG_TYPE.test(code)) return invalid('an argument has the wrong type', { cause: thrown })
  return makeError('INTERNAL', message, { safe, cause: thrown })
}

/**
 * Whether the addon says that the work was cancelled.
 *
 * @internal
 */
export function isCancelled(thrown: unknown): boolean {
  return parts(thrown).code === 'CANCELLED'
}

function parts(thrown: unknown): {
  code: string
  message: string
  safe: boolean
  details: ErrorDetails[keyof ErrorDetails]
} {
  const fields: Partial<Record<string, unknown>> = typeof thrown === 'object' && thrown !== null ? { ...thrown } : {}
  return {
    code: typeof fields['code'] === 'string' ? fields['code'] : '',
    message: thrown instanceof Error ? thrown.message : 'the addon failed without an error',
    safe: fields['safe'] !== false,
    details: typeof fields['details'] === 'object' && fields['details'] !== null ? fields['details'] : {},
  }
}
