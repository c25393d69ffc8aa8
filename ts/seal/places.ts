import { type FilePath, filePath, type NativePath } from '../file-path.ts'

/** The process's standard input, as a source: read from its current position to its end. */
export const standardInput: unique symbol = Symbol('standardInput')

/** The process's standard output, as a target: nothing is renamed, and what was written before a failure stays written. */
export const standardOutput: unique symbol = Symbol('standardOutput')

/** Where content comes from. */
export type Source = FilePath | typeof standardInput

/** Where content goes. */
export type Target = FilePath | typeof standardOutput

/** The form in which the addon takes a path; null for the standard streams. */
type NativePlace = NativePath | null

/**
 * `source` as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function sourcePlace(source: unknown): NativePlace {
  return source === standardInput ? null : filePath(source, 'source')
}

/**
 * `target` as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function targetPlace(target: unknown): NativePlace {
  return target === standardOutput ? null : filePath(target, 'target')
}
