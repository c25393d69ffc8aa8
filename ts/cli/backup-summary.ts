import type { BackupResult, HoldfastError } from '../index.ts'
import { shortId } from './entry.ts'
import { printable } from './printable.ts'
import { amount } from './target.ts'
import { note, result, warn } from './terminal.ts'
import { count, counted, size } from './words.ts'

/** What the summary says besides what was made. */
export interface Circumstances {
  readonly warnings: readonly HoldfastError[]
  readonly dryRun: boolean
  /** When the work began, by `performance.now()`. */
  readonly begun: number
}

/** Says what a backup did, and on standard error what it could not. */
export function sayBackup(dest: string, made: BackupResult, { warnings, dryRun, begun }: Circumstances): void {
  for (const warning of warnings) warn(printable(warning.message))
  for (const { path, error } of made.notStored) note(`holdfast: left out: ${printable(`${path}: ${error.message}`)}`)
  for (const { path, error } of made.unread) note(`holdfast: not backed up: ${printable(`${path}: ${error.message}`)}`)
  result([...lines(dest, made, dryRun, begun)].join('\n'))
  if (made.complete) return
  const missing = counted(made.unread.length, 'file or folder', 'files or folders')
  warn(
    dryRun
      ? `the snapshot would be incomplete: ${missing} could not be read`
      : `the snapshot is incomplete: ${missing} could not be read; "latest" stays the one before, this one is ${shortId(made)}`,
  )
}

function* lines(dest: string, made: BackupResult, dryRun: boolean, begun: number): Generator<string> {
  const { snapshot, files, readBytes, storedBytes } = made
  const what = `${counted(snapshot.entries, 'entry', 'entries')}, ${size(snapshot.bytes)}`
  yield dryRun ? `nothing was stored at ${printable(dest)}: a snapshot would have ${what}` : head(dest, made, what)
  yield `  files   ${count(files.new)} new, ${count(files.changed)} changed, ${count(files.unchanged)} unchanged`
  yield `  read    ${amount(readBytes, begun)}`
  yield `  ${dryRun ? 'to store' : 'stored'}  ${size(storedBytes)}`
}

function head(dest: string, { snapshot }: BackupResult, what: string): string {
  return `snapshot ${shortId(snapshot)} is at ${printable(dest)}: ${what}`
}
