import { fileURLToPath } from 'node:url'
import { isUint8Array } from 'node:util/types'
import { bytes } from './arguments.ts'
import { invalid } from './errors.ts'

/** A file: its path as text, as a `file:` URL, or as bytes where names need not be UTF-8. */
export type FilePath = string | URL | Uint8Array

/**
 * The form in which the addon takes a path.
 *
 * @internal
 */
export type NativePath = string | Uint8Array

/**
 * `value` as the addon takes it; `name` is the argument's in messages.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function filePath(value: unknown, name: string): NativePath {
  if (typeof value === 'string') return value
  if (isUint8Array(value)) return bytes(value, name)
  if (!(value instanceof URL)) throw invalid(`${name} must be a path: a string, a file: URL or bytes`)
  try {
    return fileURLToPath(value)
  } catch (cause) {
    throw invalid(`${name} is a URL that names no file`, { cause })
  }
}
