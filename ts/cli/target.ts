import { CommandLineError } from './report.ts'
import { isTerminal, note, result } from './terminal.ts'
import { size } from './words.ts'

/** Refuses choices of the target that contradict each other. */
export function checkTarget(source: string, target: string, options: { json?: true; output?: string }): void {
  if (target === '' || source === '') {
    throw new CommandLineError('a file name is empty', 'Name the file to read, and the one to make with -o.')
  }
  if (target === '-' && options.json === true) {
    throw new CommandLineError('--json and -o - both need standard output', 'Keep one of them.')
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
