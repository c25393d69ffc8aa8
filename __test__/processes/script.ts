import { spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** How a script ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Standard output, one character a byte. */
  readonly output: string
  readonly complaint: string
}

interface Setting {
  /** Address of the package's entry point: `dist/index.js` of this working copy unless said otherwise. */
  readonly entry?: string
  /** Options of node. */
  readonly options?: readonly string[]
  /** Arguments of the script, in `args`. */
  readonly args?: readonly string[]
  /** KiB of address space that the process may have. */
  readonly addressSpaceKib?: number
  readonly input?: Uint8Array
}

const ENTRY = new URL('../../dist/index.js', import.meta.url).href
const LIMIT_MS = 60_000

/**
 * Runs `body` as a module in a process of its own, with the package as `holdfast`, its address as `entry` and the
 * arguments as `args`. A process that does not end by itself within a minute is killed, which no test expects.
 */
export async function script(body: string, setting: Setting = {}): Promise<Ended> {
  const { entry = ENTRY, options = [], args = [], addressSpaceKib, input = Buffer.of() } = setting
  const module = `const [entry, ...args] = process.argv.slice(1)\nconst holdfast = await import(entry)\n${body}`
  const node = [...options, '--input-type=module', '--eval', module, '--', entry, ...args]
  const [program, line] =
    addressSpaceKib === undefined
      ? [process.execPath, node]
      : ['sh', ['-c', `ulimit -v ${addressSpaceKib} && exec "$@"`, 'sh', process.execPath, ...node]]
  const child = spawn(program, line, {
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    cwd: fileURLToPath(new URL('.', ENTRY)),
  })
  child.stdin.on('error', () => {}).end(input)
  const ended = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.on('close', (code, signal) => resolve({ code, signal })).on('error', reject)
  })
  const [output, complaint, how] = await Promise.all([buffer(child.stdout), text(child.stderr), ended])
  return { ...how, output: output.toString('latin1'), complaint }
}
