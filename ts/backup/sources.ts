import type { Readable } from 'node:stream'
import { types } from 'node:util'
import { options } from '../arguments.ts'
import { invalid } from '../errors.ts'
import { type FilePath, filePath } from '../file-path.ts'
import type { NativeSource } from './records.ts'
import { Database } from './sqlite.ts'

/** Something to back up. A path that is a folder stands for all that is in it. */
export type SourceInput = FilePath | PathSource | StreamSource | Database

/** A file or a folder under another name. */
export interface PathSource {
  /** Where it is. */
  readonly path: FilePath
  /** Its name in the snapshot; the last name of its path by default. */
  readonly as?: string | undefined
}

/** Bytes that a program hands over. They are cut, compared and sealed as those of a file are. */
export interface StreamSource {
  /** Their name in the snapshot: without `/`, and neither `.` nor `..`. */
  readonly name: string
  /**
   * Gives the bytes from their beginning; called again should they be needed again. What it returns is pulled from no
   * faster than the backup gets on, and destroyed when it is not read to its end. Its end is taken for the end of the
   * bytes: where they come from a program, throw when the program fails.
   */
  readonly open: () => ByteStream | Promise<ByteStream>
  /** Number of bytes, where known: another number is reported, and nothing of it is stored. */
  readonly size?: number | undefined
  /** When they were changed; the time of the backup by default. */
  readonly modified?: Date | undefined
}

/** A stream of bytes, Node's or the web's, or an iterable of pieces. */
export type ByteStream = Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** A source that is read by code of the caller's. @internal */
export type Supply = StreamSupply | DatabaseSupply

/** @internal */
export interface StreamSupply {
  readonly kind: 'stream'
  readonly open: () => unknown
  readonly size: number | undefined
}

/** @internal */
export interface DatabaseSupply {
  readonly kind: 'database'
  readonly snapshot: (target: string) => unknown
}

/**
 * The sources as the addon takes them, and, at the same positions, what the caller reads itself.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function checkedSources(sources: unknown): {
  readonly natives: NativeSource[]
  readonly supplies: readonly (Supply | undefined)[]
} {
  const given: readonly unknown[] = Array.isArray(sources) ? sources : [sources]
  if (given.length === 0) throw invalid('sources is empty')
  const checked = given.map((source, index) =>
    checkedSource(source, given.length > 1 ? `sources[${index}]` : 'sources'),
  )
  return { natives: checked.map(({ native }) => native), supplies: checked.map(({ supply }) => supply) }
}

interface Checked {
  readonly native: NativeSource
  readonly supply?: Supply
}

function checkedSource(source: unknown, name: string): Checked {
  if (source instanceof Database) return database(source)
  if (typeof source === 'string' || source instanceof URL || types.isUint8Array(source)) {
    return { native: { kind: 'path', path: filePath(source, name) } }
  }
  if (typeof source !== 'object' || source === null) {
    throw invalid(`${name} must be a path, { path, as }, { name, open }, or made by sqlite()`)
  }
  return 'open' in source ? stream(source as StreamSource, name) : path(source as PathSource, name)
}

function database({ path, as, snapshot }: Database): Checked {
  const named = as === undefined ? {} : { name: as }
  const native: NativeSource = { kind: 'database', path, ...named, hasSnapshot: snapshot !== undefined }
  return snapshot === undefined ? { native } : { native, supply: { kind: 'database', snapshot } }
}

function path(source: PathSource, name: string): Checked {
  const { path: place, as } = options(source, name)
  if (as !== undefined && typeof as !== 'string') throw invalid(`${name}.as must be a string`)
  return { native: { kind: 'path', path: filePath(place, `${name}.path`), ...(as !== undefined && { name: as }) } }
}

function stream(source: StreamSource, name: string): Checked {
  const { name: given, open, size, modified } = options(source, name)
  if (typeof given !== 'string') throw invalid(`${name}.name must be a string`)
  if (typeof open !== 'function') throw invalid(`${name}.open must be a function`)
  if (size !== undefined && !(Number.isSafeInteger(size) && Number(size) >= 0)) {
    throw invalid(`${name}.size must be a number of bytes`)
  }
  return {
    native: { kind: 'stream', name: given, ...modifiedOf(modified, `${name}.modified`) },
    supply: { kind: 'stream', open: () => source.open(), size: size === undefined ? undefined : Number(size) },
  }
}

function modifiedOf(modified: unknown, name: string): Pick<NativeSource, 'modifiedSeconds' | 'modifiedNanos'> {
  if (modified === undefined) return {}
  if (!(modified instanceof Date) || Number.isNaN(modified.getTime())) throw invalid(`${name} must be a valid Date`)
  const milliseconds = modified.getTime()
  const modifiedSeconds = Math.floor(milliseconds / 1000)
  return { modifiedSeconds, modifiedNanos: (milliseconds - modifiedSeconds * 1000) * 1_000_000 }
}
