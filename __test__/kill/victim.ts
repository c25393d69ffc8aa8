import { spawn } from 'node:child_process'
import { type Outcome, outcome, PROGRAM } from '../cli/command.ts'

/** A process that is to die. */
export interface Victim {
  /** What node runs. */
  readonly line: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** How a process ended that was to die. */
export interface Ended extends Outcome {
  /** Whether it died, and did not end by itself before. */
  readonly killed: boolean
  /** Milliseconds from its start, or from the first that it printed, to its end. */
  readonly lived: number
}

const ENTRY = new URL('../../dist/index.js', import.meta.url).href

/** Says when its work begins, and prints the snapshot that it has made, or restored. */
const WORKER = `
  import { readFileSync, writeSync } from 'node:fs'
  const [entry, store, stateDir, keyFile, work, path, id] = process.argv.slice(1)
  const { localFolder, openRepository, parseKey } = await import(entry)
  const key = parseKey(readFileSync(keyFile, 'utf8'))
  writeSync(1, 'begun\\n')
  const repository = await openRepository(localFolder(store), { with: key, stateDir })
  if (work === 'backup') writeSync(1, (await repository.backup(path)).id + '\\n')
  else writeSync(1, (await repository.restore(id, { to: path })).snapshot.id + '\\n')`

/** `holdfast ARGS`. */
export const commandOf = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Victim => ({
  line: [PROGRAM, ...args],
  env,
})

/** A program that opens a repository, by its folder, state and key file, and does one thing with it. */
export const workerOf = (place: readonly string[], ...work: readonly string[]): Victim => ({
  line: ['--input-type=module', '--eval', WORKER, '--', ENTRY, ...place, ...work],
})

/** Runs it and kills it so many milliseconds after it began: after the first that it prints, if it prints anything. */
export async function killedAfter(victim: Victim, from: 'its start' | 'its word', ms: number): Promise<Ended> {
  return ended(victim, (kill, word) => {
    let timer: NodeJS.Timeout | undefined
    const arm = (): void => {
      timer = setTimeout(kill, ms)
    }
    if (from === 'its start') arm()
    else void word.then(arm)
    return () => clearTimeout(timer)
  })
}

/** Runs it and kills it as soon as `isTime` says so, which is asked all the time. */
export async function killedOnce(victim: Victim, isTime: () => boolean): Promise<Ended> {
  return ended(victim, (kill) => {
    const timer = setInterval(() => isTime() && kill(), 1)
    return () => clearInterval(timer)
  })
}

/** Runs it to its end, which is what nobody kills. */
export async function undisturbed(victim: Victim): Promise<Ended> {
  return ended(victim, () => () => {})
}

/** `arm` is told how to kill, and of the first word that is printed; what it returns ends that. */
async function ended(
  { line, env = {} }: Victim,
  arm: (kill: () => void, word: Promise<void>) => () => void,
): Promise<Ended> {
  const child = spawn(process.execPath, line, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  let begun = performance.now()
  const word = new Promise<void>((resolve) => {
    child.stdout.once('data', (said: Buffer) => {
      if (said.toString().startsWith('begun\n')) begun = performance.now()
      resolve()
    })
  })
  const disarm = arm(() => child.kill('SIGKILL'), word)
  try {
    const how = await outcome(child)
    return { ...how, killed: child.signalCode === 'SIGKILL', lived: performance.now() - begun }
  } finally {
    disarm()
  }
}
