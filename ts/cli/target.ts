import { lstatSync } from 'node:fs'
import { FileError } from '../index.ts'
import { AboutFile, CommandLineError } from './report.ts'
import { isTerminal, note, result } from './terminal.ts'
import { size } from './words.ts'

/**
 * Refuses choices that contradict each other, a source that is not there, and a target that is, before anybody is
 * asked for a password. The addon checks again when it makes the file.
 */
export function checkPlaces(source: string, target: string, options: { json?: true; force?: true }): void {
  if (target === '' || source === '') {
    throw new CommandLineError('a file name is empty', 'Name the file to read, and the one to make with -o.')
  }
  if (target === '-' && options.json === true) {
    throw new CommandLineError('--json and -o - both need standard output', 'Keep one of them.')
  }
  if (source !== '-' && !isThere(source, true)) {
    const missing = 'the source cannot be read: open: no such file'
    throw new AboutFile(source, new FileError('SOURCE_UNREADABLE', missing, { details: { call: 'open' } }))
  }
  if (target !== '-' && options.force !== true) refuseExisting(target)
}

/** Refuses a target that exists, as a file or as anything else. */
export function refuseExisting(target: string): void {
  if (!isThere(target, false)) return
  throw new AboutFile(target, new FileError('TARGET_EXISTS', 'a file exists at the target'))
}

/** Whether there is something at `path`; `unknown` where its folder does not tell, which the addon finds words for. */
function isThere(path: string, unknown: boolean): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return unknown
  }
}

/** Says in one line what was made. When standard output has the content, only a person at the terminal is told. */
export function summary(target: string, text: string, synced: boolean): void {
  const said = synced || target === '-' ? text : `${text}; not yet on the disk for sure (--no-sync)`
  if (target !== '-') result(said)
  else if (isTerminal('error')) note(`holdfast: ${said}`)
}

/** How much was done since `begun`, and how fast where that says anything: `1.07 GB in 0.91 s (1.18 GB/s)`. */
export function amount(bytes: number, begun: number): string {
  const seconds = (performance.now() - begun) / 1000
  const speed = bytes < 1e6 ? '' : ` (${size(bytes / seconds)}/s)`
  return `${size(bytes)} in ${seconds.toFixed(2)} s${speed}`
}
