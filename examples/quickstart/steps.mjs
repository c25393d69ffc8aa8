// Steps of the story: timed, refused, expected; and how far a long one is, on a terminal.
import { size } from './words.mjs'

/** What `work` gives, and the milliseconds it took. */
export async function timed(work) {
  const begun = performance.now()
  const value = await work()
  return { value, took: performance.now() - begun }
}

/** The typed error that `work` must end with, and the milliseconds it took. */
export async function refused(work, signal) {
  const begun = performance.now()
  try {
    await work()
  } catch (error) {
    signal.throwIfAborted()
    return { error, took: performance.now() - begun }
  }
  throw new Error('what must not open did open: please report this')
}

/** Ends the quickstart with a finding that nobody should ever see. */
export function expect(condition, otherwise) {
  if (!condition) throw new Error(`${otherwise}: please report this`)
}

/** Runs `work` with a reporter of progress. On a terminal one line says how far it is, and is gone at the end. */
export async function watched(label, work) {
  const { stderr } = process
  if (!stderr.isTTY) return work(undefined)
  try {
    return await work(({ bytes, total }) => {
      const of = total === undefined ? '' : ` of ${size(total)}`
      stderr.write(`\r\x1b[2K  ${label}: ${size(bytes)}${of}`)
    })
  } finally {
    stderr.write('\r\x1b[2K')
  }
}
