import { isUint8Array } from 'node:util/types'
import { invalid } from './errors.ts'

/**
 * `value` if it is bytes that nobody else can change during the call.
 *
 * @throws `INVALID_ARGUMENT` for anything but a Uint8Array, and for one over shared, resizable or detached memory.
 * @internal
 */
export function bytes(value: unknown, name: string): Uint8Array {
  if (!isUint8Array(value)) throw invalid(`${name} must be a Uint8Array`)
  const { buffer } = value
  if (!(buffer instanceof ArrayBuffer)) throw invalid(`${name} must not be shared memory`)
  if ('resizable' in buffer && buffer.resizable === true) throw invalid(`${name} must not be resizable memory`)
  if (isDetached(buffer)) throw invalid(`${name} is detached`)
  return value
}

/**
 * `value`, or `usual` when it is left out.
 *
 * @throws `INVALID_ARGUMENT` for anything but a boolean.
 * @internal
 */
export function flag(value: unknown, name: string, usual: boolean): boolean {
  if (value === undefined) return usual
  if (typeof value !== 'boolean') throw invalid(`${name} must be a boolean`)
  return value
}

/**
 * `value` as a bag of options whose types are still to be checked.
 *
 * @throws `INVALID_ARGUMENT` for anything but an object.
 * @internal
 */
export function options<T extends object>(value: T, name: string): { readonly [K in keyof T]?: unknown } {
  if (typeof value !== 'object' || value === null) throw invalid(`${name} must be an object`)
  return value
}

function isDetached(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
