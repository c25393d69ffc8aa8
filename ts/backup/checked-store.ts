import type { Destination } from '../destinations/destination.ts'
import { invalid } from '../errors.ts'

const METHODS = ['put', 'get', 'stat', 'list', 'remove'] as const

/**
 * `store` if it can be a destination; `name` is the argument's in messages.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function checkedStore(store: Destination, name: string): Destination {
  const isObject = typeof store === 'object' && store !== null
  if (isObject && METHODS.every((method) => typeof store[method] === 'function')) return store
  throw invalid(`${name} must be a destination: localFolder(), s3(), or one of your own`)
}
