import { fileURLToPath } from 'node:url'
import { isUint8Array } from 'node:util/types'
import { bytes } from '../arguments.ts'
import { invalid } from '../errors.ts'

/** The process's standard input, as a source: read from its current position to its end. */
export const standardInput: unique symbol = Symbol('standardInput')

/** The process's standard output, as a target: nothing is renamed, and what was written before a failure stays written. */
export const standardOutput: unique symbol = Symbol('standardOutput')

/** A file: its path as text, as a `file:` URL, or as bytes where names need not be UTF-8. */
export type FilePath = string | URL | Uint8Array

/** Where content comes from. */
export type Source = FilePath | typeof standardInput

/** Where content goes. */
export type Target = FilePath | typeof standardOutput

/** The form in which the addon takes a path; null for the standard streams. */
type NativePlace = string | Uint8Array | null

/**
 * `source` as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function sourcePlace(source: unknown): NativePlace {
  return source === standardInput ? null : path(source, 'source')
}

/**
 * `target` as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function targetPlace(target: unknown): NativePlace {
  return target === standardOutput ? null : path(target, 'target')
}

function path(value: unknown, name: string): string | Uint8Array {
  if (typeof value === 'string') return value
  if (isUint8Array(value)) return bytes(value, name)
  if (!(value instanceof URL)) throw invalid(`${name} must be a path: a string, a file: URL or bytes`)
  try {
    return fileURLToPath(value)
  } catch (cause) {
    throw invalid(`${name} is a URL that names no file`, { cause })
  }
}
