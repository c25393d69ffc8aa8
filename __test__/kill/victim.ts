import { type ChildProcess, spawn } from 'node:child_process'
import { type Outcome, outcome, PROGRAM } from '../cli/command.ts'

/** How a process ended that was to die. */
export interface Ended extends Outcome {
  /** Whether it died, and did not end by itself before. */
  readonly killed: boolean
  /** How long it lived, in milliseconds. */
  readonly lived: number
}

/** Runs `holdfast ARGS` and kills it after so many milliseconds. */
export async function killedAfter(args: readonly string[], ms: number, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return ended(started([PROGRAM, ...args], env), (kill) => {
    const timer = setTimeout(kill, ms)
    return () => clearTimeout(timer)
  })
}

/** Runs `holdfast ARGS` and kills it as soon as `isTime` says so, which is asked all the time. */
export async function killedOnce(
  args: readonly string[],
  isTime: () => boolean,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return ended(started([PROGRAM, ...args], env), (kill) => {
    const timer = setInterval(() => isTime() && kill(), 1)
    return () => clearInterval(timer)
  })
}

/** Runs `holdfast ARGS` to its end, which is what nobody kills. */
export async function undisturbed(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return ended(started([PROGRAM, ...args], env), () => () => {})
}

function started(line: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(process.execPath, line, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
}

async function ended(child: ChildProcess, arm: (kill: () => void) => () => void): Promise<Ended> {
  const begun = performance.now()
  const disarm = arm(() => child.kill('SIGKILL'))
  try {
    const how = await outcome(child)
    return { ...how, killed: child.signalCode === 'SIGKILL', lived: performance.now() - begun }
  } finally {
    disarm()
  }
}
