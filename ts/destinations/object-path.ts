import { invalid } from '../errors.ts'
import type { ObjectPath } from './destination.ts'

const PATH_BYTES = 900
const SEGMENT_BYTES = 240

/** What some file system or service cannot hold, or takes for something else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const FORBIDDEN = /^\.|[\x00-\x1f\x7f\\:*?"<>|\p{Surrogate}]|[. ]$/u
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * Whether `value` can name an object.
 *
 * @internal
 */
export function isObjectPath(value: unknown): value is ObjectPath {
  return typeof value === 'string' && Buffer.byteLength(value) <= PATH_BYTES && value.split('/').every(isSegment)
}

/**
 * Refuses a path that some destination could not hold, or that would leave it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function checkPath(path: unknown): void {
  if (!isObjectPath(path)) throw invalid('the path cannot name an object in a destination')
}

/**
 * Refuses a prefix that no path can begin with.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function checkPrefix(prefix: unknown): void {
  const folders = typeof prefix === 'string' ? prefix.split('/').slice(0, -1) : ['']
  if (!folders.every(isSegment)) throw invalid('the prefix cannot begin the path of an object')
}

function isSegment(segment: string): boolean {
  const fits = segment !== '' && Buffer.byteLength(segment) <= SEGMENT_BYTES
  return fits && !FORBIDDEN.test(segment) && !DEVICE.test(segment)
}
