import { invalid, isHoldfastError, makeError } from '../errors.ts'
import type { ObjectPath } from './destination.ts'
import { type DestinationCode, destinationFailed, exists, mismatch, missing, retryAfterMs } from './failure.ts'

/** What messages call this destination. */
export const NAME = 's3'

const BY_NAME: Readonly<Record<string, DestinationCode>> = {
  ConditionalRequestConflict: 'DESTINATION_BUSY',
  CredentialsProviderError: 'DESTINATION_DENIED',
  NoSuchBucket: 'DESTINATION_DENIED',
  OperationAborted: 'DESTINATION_BUSY',
  QuotaExceeded: 'DESTINATION_FULL',
  RequestTimeout: 'DESTINATION_TIMEOUT',
  ServiceUnavailable: 'DESTINATION_BUSY',
  SlowDown: 'DESTINATION_BUSY',
  StorageFull: 'DESTINATION_FULL',
  TimeoutError: 'DESTINATION_TIMEOUT',
  TooManyRequests: 'DESTINATION_BUSY',
  XMinioStorageFull: 'DESTINATION_FULL',
}

const BY_STATUS: Readonly<Record<number, DestinationCode>> = {
  408: 'DESTINATION_TIMEOUT',
  425: 'DESTINATION_BUSY',
  429: 'DESTINATION_BUSY',
  503: 'DESTINATION_BUSY',
  507: 'DESTINATION_FULL',
}

/** Failures of the client before it asks the service. */
const UNSENT: Readonly<Record<string, string>> = { CredentialsProviderError: 'no credentials were found' }

/** The store says that the bytes are not those of the checksum, the signature or the length. */
const MISMATCH = /^(BadDigest|InvalidDigest|IncompleteBody|XAmzContent(SHA256|Checksum)Mismatch)$/

/** What can be known about something that the client threw. */
interface Known {
  readonly name: string
  readonly status: number | undefined
  readonly errno: string
  readonly retryAfter: string | undefined
}

/**
 * The failure of a destination for whatever the client threw about the object at `path`. Messages have the service's
 * name for the failure, never its text, which can have host and key.
 *
 * @internal
 */
export function s3Failure(thrown: unknown, path: ObjectPath): Error {
  if (isHoldfastError(thrown)) return thrown
  const known = parts(thrown)
  const { name, status } = known
  if (thrown instanceof Error && /^Region is missing/.test(thrown.message)) {
    return invalid('region is neither among the options nor in the environment', { cause: thrown })
  }
  if (isMissing(thrown)) return missing(NAME, path, { cause: thrown })
  if (status === 412) return exists(NAME, path, { cause: thrown })
  const what = status === undefined ? (UNSENT[name] ?? (known.errno || name)) : `${name} (HTTP ${status})`
  if (MISMATCH.test(name)) return mismatch(NAME, path, `${what}: other bytes arrived than were sent`, { cause: thrown })
  if (status === 413 || name === 'EntityTooLarge') return makeError('TOO_LARGE', `${NAME}: ${what}`, { cause: thrown })
  const code = codeOf(known)
  if (code === undefined) return makeError('INTERNAL', `${NAME}: the client failed`, { cause: thrown })
  const pause = code === 'DESTINATION_BUSY' ? retryAfterMs(known.retryAfter) : undefined
  return destinationFailed(code, NAME, what, { cause: thrown, retryAfterMs: pause })
}

/**
 * Whether the store says that there is no such object.
 *
 * @internal
 */
export function isMissing(thrown: unknown): boolean {
  const { name, status } = parts(thrown)
  return name === 'NoSuchKey' || (status === 404 && /^(NotFound|UnknownError|Unknown|Error)$/.test(name))
}

/**
 * Whether the store says that the range begins behind the object's end.
 *
 * @internal
 */
export function isBehindEnd(thrown: unknown): boolean {
  const { name, status } = parts(thrown)
  return status === 416 || name === 'InvalidRange'
}

/** A connection that breaks, an answer that makes no sense or a server's own failure say nothing about what was done. */
function codeOf({ name, status, errno }: Known): DestinationCode | undefined {
  // The client gives a connection that was reset the name of a time-out.
  if (status === undefined && /^E(CONNRESET|PIPE)$/.test(errno)) return 'DESTINATION_UNREACHABLE'
  if (BY_NAME[name] !== undefined) return BY_NAME[name]
  if (/Throttl|LimitExceeded/.test(name)) return 'DESTINATION_BUSY'
  if (status !== undefined) {
    const isRefused = status >= 300 && status < 500
    return BY_STATUS[status] ?? (isRefused ? 'DESTINATION_DENIED' : 'DESTINATION_UNREACHABLE')
  }
  if (/CERT|_TLS_|_SSL_/.test(errno)) return 'DESTINATION_DENIED'
  return errno === '' ? undefined : 'DESTINATION_UNREACHABLE'
}

function parts(thrown: unknown): Known {
  const { name, code, $metadata, $response } = thrown instanceof Error ? (thrown as Thrown) : {}
  const status = $metadata?.httpStatusCode ?? $response?.statusCode
  return {
    name: name ?? 'Error',
    status: typeof status === 'number' && status > 0 ? status : undefined,
    errno: typeof code === 'string' ? code : '',
    retryAfter: $response?.headers?.['retry-after'],
  }
}

interface Thrown extends Error {
  readonly code?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> }
}
