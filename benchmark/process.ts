// Runs one command as a process of its own and says what it cost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

const POLL_MS = 2

/** What the whole process cost, its start included. */
export interface Cost {
  readonly wallSeconds: number
  /** User and system, of the process and its children. */
  readonly cpuSeconds: number
  /** The system's part of it, where it was told apart. */
  readonly systemSeconds?: number
}

/** What one untimed run showed. */
export interface Seen {
  readonly stdout: string
  /** Undefined where the system does not say. */
  readonly peakBytes: number | undefined
}

/** A command and, where its target is to be flushed to the disk afterwards, that target. */
export interface Command {
  readonly argv: readonly string[]
  /** A file, or a folder with its file system. */
  readonly flush?: string
  readonly cwd?: string
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** What the rounds of one command showed. */
export interface Observed {
  readonly costs: Cost[]
  peakBytes: number | undefined
}

// Bash's own clock treats every candidate alike and sees the children's processor time, which Node does not.
const FLUSHED = '[ -z "$FLUSH" ] || if [ -d "$FLUSH" ]; then sync -f "$FLUSH"; else sync "$FLUSH"; fi'
const TIMED = `{ time { "$@" 2>&4 3>&- && { ${FLUSHED}; }; }; } 4>&2 2>&3`

/** Runs `command` and times it from outside. */
export async function timed({ argv, flush, cwd, env }: Command): Promise<Cost> {
  const child = spawn('bash', ['-c', TIMED, 'bash', ...argv], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, LC_ALL: 'C', TIMEFORMAT: '%3R %3U %3S', FLUSH: flush ?? '' },
    ...(cwd !== undefined && { cwd }),
  })
  const [, stderr, clock] = child.stdio.slice(1)
  const [complaint, times, [code]] = await Promise.all([readAll(stderr), readAll(clock), once(child, 'close')])
  if (code !== 0) throw failure(argv, code, complaint)
  const [wall, user, system] = times.trim().split(' ').map(Number)
  if (wall === undefined || user === undefined || system === undefined || !Number.isFinite(wall + user + system)) {
    throw new Error(`bash printed no times but: ${times}`)
  }
  return { wallSeconds: wall, cpuSeconds: user + system, systemSeconds: system }
}

/** Runs `command` untimed, as the warm-up, and watches its memory. */
export async function watched({ argv, cwd, env }: Command): Promise<Seen> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  })
  let peakBytes: number | undefined
  const poll = setInterval(() => {
    const now = peakMemory(child.pid)
    if (now !== undefined) peakBytes = now
  }, POLL_MS)
  try {
    const closed = once(child, 'close')
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed])
    if (code !== 0) throw failure(argv, code, stderr)
    return { stdout, peakBytes }
  } finally {
    clearInterval(poll)
  }
}

/** An untimed run, what has to be done before the next one, and directly then the timed run. */
export async function observe(
  observed: Observed,
  warmUp: Command,
  measured: Command,
  between: () => void,
): Promise<Seen> {
  const seen = await watched(warmUp)
  if (seen.peakBytes !== undefined) observed.peakBytes = Math.max(observed.peakBytes ?? 0, seen.peakBytes)
  between()
  observed.costs.push(await timed(measured))
  return seen
}

/** Whether `command` ends with an error, as it must on a damaged file. */
export async function refuses(command: Command): Promise<boolean> {
  try {
    await watched(command)
    return false
  } catch {
    return true
  }
}

/** The kernel's own high-water mark: it never misses a peak, only what comes after the last look. */
function peakMemory(pid: number | undefined): number | undefined {
  if (pid === undefined || process.platform !== 'linux') return undefined
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  } catch {
    return undefined
  }
}

function readAll(stream: unknown): Promise<string> {
  return text(stream as AsyncIterable<Buffer> as never)
}

function failure(argv: readonly string[], code: unknown, complaint: string): Error {
  return new Error(`${argv.join(' ')} ended with ${String(code)}: ${complaint.trim()}`)
}
