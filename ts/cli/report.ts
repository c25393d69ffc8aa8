import { isHoldfastError } from '../index.ts'
import { hint } from './hint.ts'
import { Interrupted } from './interrupt.ts'
import { printable } from './printable.ts'
import { colour, note, OutputClosed, result } from './terminal.ts'
import { named } from './words.ts'

/** Exit codes, as `holdfast --help` lists them. */
export const EXIT = {
  done: 0,
  usage: 2,
  credential: 3,
  damaged: 4,
  destination: 5,
  files: 6,
  incomplete: 7,
  internal: 70,
} as const

const EXIT_BY_CLASS: Readonly<Record<string, number>> = {
  UsageError: EXIT.usage,
  CredentialError: EXIT.credential,
  FormatError: EXIT.damaged,
  IntegrityError: EXIT.damaged,
  DestinationError: EXIT.destination,
  AvailabilityError: EXIT.destination,
  FileError: EXIT.files,
  LimitError: EXIT.files,
  PlatformError: EXIT.files,
}

/** The command was called in a way that cannot work; nothing was begun. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError'
  /** What to do instead. */
  readonly hint: string

  constructor(message: string, hint = 'See holdfast --help.') {
    super(message)
    this.hint = hint
  }
}

/** Everything has been said: the program ends with this exit code. */
export class Ended extends Error {
  override readonly name = 'Ended'
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`ended with ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** A failure together with the file, as the person named it, that it is about. */
export class AboutFile extends Error {
  override readonly name = 'AboutFile'
  readonly path: string
  override readonly cause: unknown

  constructor(path: string, cause: unknown) {
    super('a file failed')
    this.path = path
    this.cause = cause
  }
}

/** Runs `work`; its failures name the file at `path`. */
export async function about<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw isHoldfastError(thrown) ? new AboutFile(named(path, 'standard input'), thrown) : thrown
  }
}

/** Runs `work` from `source` to `target`; its failures name the one they are about. */
export async function between<T>(source: string, target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (!isHoldfastError(thrown)) throw thrown
    if (target === '-' && /broken pipe|EPIPE/i.test(thrown.message)) throw new OutputClosed()
    const path = /^TARGET_|^NO_SPACE$/.test(thrown.code)
      ? named(target, 'standard output')
      : named(source, 'standard input')
    throw new AboutFile(path, thrown)
  }
}

/** Says what went wrong, as text or as one line of JSON on standard output, and returns the exit code. */
export function failure(thrown: unknown, json: boolean): number {
  if (thrown instanceof OutputClosed) return EXIT.files
  if (thrown instanceof Interrupted || thrown instanceof Ended) return thrown.exitCode
  const { exitCode, ...error } = told(thrown)
  if (json) {
    result(JSON.stringify({ v: 1, ok: false, exitCode, error }))
  } else {
    const where = error.path === undefined ? '' : `${error.path}: `
    note(`${colour('red', 'holdfast:')} ${printable(where + error.message)}`)
    if (error.hint !== '') note(colour('dim', printable(error.hint)))
  }
  return exitCode
}

/** A failure in the words of the command line; with `--json` these are its fields. */
export interface Told {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly retryable: boolean
  readonly safe: boolean
  readonly details: object
  readonly path?: string
  readonly exitCode: number
}

/** A failure that ended nothing, for JSON. */
export function noticedData(thrown: unknown): object {
  const { exitCode: _, ...error } = told(thrown)
  return error
}

/** Everything there is to say about a failure. */
export function told(thrown: unknown): Told {
  if (thrown instanceof AboutFile) return { ...told(thrown.cause), path: thrown.path }
  if (isHoldfastError(thrown)) {
    const { code, message, retryable, safe, details } = thrown.toJSON()
    const exitCode = EXIT_BY_CLASS[thrown.name] ?? EXIT.internal
    return { code, message, hint: hint(thrown), retryable, safe, details, exitCode }
  }
  const plain = { retryable: false, safe: true, details: {} }
  if (thrown instanceof CommandLineError) {
    return { ...plain, code: 'INVALID_ARGUMENT', message: thrown.message, hint: thrown.hint, exitCode: EXIT.usage }
  }
  const message = thrown instanceof Error ? thrown.message : 'the program failed without an error'
  return { ...plain, code: 'INTERNAL', message, hint: 'This is a bug: please report it.', exitCode: EXIT.internal }
}
