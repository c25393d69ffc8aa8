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
/** A bar of fewer characters says nothing. */
const SHORTEST_BAR = 8
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

/**
 * One line about `progress`, within `columns`: what does not fit is taken from the bar first. It says 100 % only when
 * the target has its name.
 */
export function barLine(verb: Verb, progress: Progress, columns: number, blocks: boolean): string {
  const [head, tail] = [`${verb}${percent(progress)}`, [...figures(verb, progress)].join('')]
  const room = Math.max(0, columns - 1)
  const width = Math.min(BAR_WIDTH, room - head.length - tail.length - 1)
  const bar = head === verb || width < SHORTEST_BAR ? '' : drawn(share(progress), width, blocks)
  return `${head}${bar}${tail}`.slice(0, room)
}

function percent(progress: Progress): string {
  if (!hasShare(progress)) return ''
  return ` ${String(Math.floor(share(progress) * 100)).padStart(3)} %`
}

function drawn(done: number, width: number, blocks: boolean): string {
  const full = Math.floor(done * width)
  return ` ${(blocks ? '█' : '#').repeat(full)}${(blocks ? '░' : '.').repeat(width - full)}`
}

/** Whether there is a share to speak of: not while nothing is done yet, or where there is nothing to do. */
function hasShare({ phase, total }: Progress): boolean {
  return phase !== 'waiting' && phase !== 'deriving' && total !== undefined && total > 0
}

function share({ phase, bytes, total }: Progress): number {
  return phase === 'done' ? 1 : Math.min(bytes / Math.max(total ?? 1, 1), 0.99)
}

function* figures(verb: Verb, progress: Progress): Generator<string> {
  const { phase, bytes, total, rate, secondsLeft, files } = progress
  if (phase === 'waiting') return
  if (phase === 'deriving') {
    yield '  stretching the password'
    return
  }
  if (hasShare(progress)) yield `  ${size(bytes)} of ${size(total ?? 0)}`
  else if (bytes > 0) yield `  ${size(bytes)}`
  if (files !== undefined && files > 0) yield `  ${counted(files, verb === 'copying' ? 'object' : 'file')}`
  if (phase === 'flushing') yield '  writing to the disk'
  else if (phase === 'working' && rate > 0) yield `  ${size(rate)}/s`
  if (phase === 'working' && secondsLeft !== undefined && bytes > 0) yield `  ${duration(secondsLeft)} left`
}

function showsBlocks(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env
  return process.platform === 'win32' || /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}
