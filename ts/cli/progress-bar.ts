import type { Progress } from '../index.ts'
import { isTerminal, STANDARD, write } from './terminal.ts'
import { counted, duration, size } from './words.ts'

/** What a command does, as the bar says it. */
export type Verb =
  | 'sealing'
  | 'opening'
  | 'verifying'
  | 'creating'
  | 'backing up'
  | 'restoring'
  | 'checking'
  | 'copying'

const ERASE_TO_END = '\x1b[K'
const BAR_WIDTH = 24
const FALLBACK_COLUMNS = 80

/**
 * Runs `work` with a bar on the terminal that follows it and is gone when it ends. No bar where standard error is no
 * terminal, and none with JSON.
 */
export async function withBar<T>(
  verb: Verb,
  json: boolean,
  work: (report: ((progress: Progress) => void) | undefined) => Promise<T>,
): Promise<T> {
  if (json || !isTerminal('error') || process.env['TERM'] === 'dumb') return work(undefined)
  const columns = process.stderr.columns || FALLBACK_COLUMNS
  let shown = ''
  try {
    return await work((progress) => {
      shown = barLine(verb, progress, columns, showsBlocks())
      write(STANDARD.error, `\r${shown}${ERASE_TO_END}`)
    })
  } finally {
    if (shown !== '') write(STANDARD.error, `\r${ERASE_TO_END}`)
  }
}

/** One line about `progress`, cut to `columns`. It says 100 % only when the target has its name. */
export function barLine(verb: Verb, progress: Progress, columns: number, blocks: boolean): string {
  return [...parts(verb, progress, blocks)].join('').slice(0, Math.max(0, columns - 1))
}

function* parts(verb: Verb, progress: Progress, blocks: boolean): Generator<string> {
  const { phase, bytes, total, rate, secondsLeft, files } = progress
  yield verb
  if (phase === 'waiting') return
  if (phase === 'deriving') {
    yield '  stretching the password'
    return
  }
  if (total === undefined) {
    yield `  ${size(bytes)}`
  } else {
    const done = phase === 'done' ? 1 : Math.min(bytes / Math.max(total, 1), 0.99)
    const full = Math.floor(done * BAR_WIDTH)
    yield ` ${String(Math.floor(done * 100)).padStart(3)} % `
    yield (blocks ? '█' : '#').repeat(full) + (blocks ? '░' : '.').repeat(BAR_WIDTH - full)
    yield `  ${size(bytes)} of ${size(total)}`
  }
  if (files !== undefined && files > 0) yield `  ${counted(files, 'file')}`
  if (phase === 'flushing') yield '  writing to the disk'
  else if (phase === 'working' && rate > 0) yield `  ${size(rate)}/s`
  if (phase === 'working' && secondsLeft !== undefined) yield `  ${duration(secondsLeft)} left`
}

function showsBlocks(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env
  return process.platform === 'win32' || /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}
