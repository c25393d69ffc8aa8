import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** The built command line, as the package ships it. */
export const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** What one run of the command line did. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly bytes: Buffer
  readonly stderr: string
}

/** How to run it. */
export interface Setting {
  readonly cwd?: string
  /** Given on standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array
  /** Files that are open as descriptors 3, 4, … */
  readonly open?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Runs `holdfast ARGS` without a terminal, to its end. */
export async function holdfast(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const files = (setting.open ?? []).map((path) => openSync(path, 'r'))
  const child = start(args, setting, ['pipe', 'pipe', 'pipe', ...files])
  for (const file of files) closeSync(file)
  child.stdin?.on('error', () => {})
  child.stdin?.end(setting.input ?? '')
  return outcome(child)
}

/** Starts `holdfast ARGS` in a session of its own, so that no terminal is there to ask at. */
export function start(args: readonly string[], setting: Setting, stdio: SpawnOptions['stdio']): ChildProcess {
  return startProgram(PROGRAM, args, setting, stdio)
}

/** As {@link start}, for the command line of another copy of the package. */
export function startProgram(
  program: string,
  args: readonly string[],
  setting: Setting,
  stdio: SpawnOptions['stdio'],
): ChildProcess {
  const { NO_COLOR: _, ...env } = process.env
  return spawn(process.execPath, [program, ...args], {
    detached: true,
    cwd: setting.cwd,
    env: { ...env, ...setting.env },
    stdio,
  })
}

/** What `child` prints, until it ends. */
export async function outcome(child: ChildProcess): Promise<Outcome> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout?.on('data', (piece: Buffer) => stdout.push(piece))
  child.stderr?.on('data', (piece: Buffer) => stderr.push(piece))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const bytes = Buffer.concat(stdout)
  return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(stderr).toString() }
}

/** Runs it and expects success. */
export async function done(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const ran = await holdfast(args, setting)
  expect(ran, ran.stderr).toMatchObject({ code: 0 })
  return ran
}

/** The JSON that it prints with `--json`: one line, nothing else. */
export function jsonOf({ stdout }: Outcome): Record<string, unknown> {
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Expects a refusal with this exit code and these words, and the folder as it was, to the byte. */
export async function refusedBy(
  folder: { readonly path: string; content(): Map<string, string> },
  args: readonly string[],
  code: number,
  said: string,
  setting: Setting = {},
): Promise<Outcome> {
  const before = folder.content()
  const ran = await holdfast(args, { cwd: folder.path, ...setting })
  expect(ran, ran.stderr).toMatchObject({ code, stdout: '' })
  expect(ran.stderr).toContain(said)
  expect(folder.content()).toEqual(before)
  return ran
}
