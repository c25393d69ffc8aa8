import { writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { styleText } from 'node:util'

/** Descriptors of the standard streams. They are written to directly: `process.stdout` would make a pipe non-blocking. */
export const STANDARD = { input: 0, output: 1, error: 2 } as const

/** Whoever read standard output has stopped reading. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

/** Prints a result: standard output has nothing else, so it can be piped. */
export function result(text: string): void {
  output(`${text}\n`)
}

/** Writes to standard output. */
export function output(text: string): void {
  try {
    write(STANDARD.output, text)
  } catch (thrown) {
    throw errno(thrown) === 'EPIPE' ? new OutputClosed() : thrown
  }
}

/** Prints a result as one line of JSON. */
export function resultAsJson(value: object): void {
  result(JSON.stringify({ v: 1, ok: true, ...value }))
}

/** Tells the person something that is no result. */
export function note(text: string): void {
  try {
    write(STANDARD.error, `${text}\n`)
  } catch {
    // Nobody is there to be told.
  }
}

/** Tells the person about something to think of. */
export function warn(text: string): void {
  note(`holdfast: ${colour('yellow', 'warning:')} ${text}`)
}

/** Whether a person looks at this standard stream. */
export function isTerminal(stream: keyof typeof STANDARD): boolean {
  return isatty(STANDARD[stream])
}

/** `text` in colour where standard error shows colours and the person has not declined them. */
export function colour(name: 'red' | 'yellow' | 'green' | 'dim', text: string): string {
  return showsColour() ? styleText(name, text, { validateStream: false }) : text
}

function showsColour(): boolean {
  const { NO_COLOR, TERM } = process.env
  return isTerminal('error') && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb'
}

/** Writes all of `content`, waiting where the other side is slow. */
export function write(descriptor: number, content: string | Uint8Array): void {
  let left = typeof content === 'string' ? Buffer.from(content) : content
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(descriptor, left))
    } catch (thrown) {
      if (errno(thrown) !== 'EAGAIN') throw thrown
      pause()
    }
  }
}

/** The system's name for a failure of a file call. */
export function errno(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

/** Waits 10 ms: a descriptor that another program made non-blocking is not ready. */
export function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
}
