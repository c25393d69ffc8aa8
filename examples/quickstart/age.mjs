// The program `age`, where it is found: the proof that a sealed file does not depend on holdfast.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { digestOfStream } from './material.mjs'

/** The first version that opens what a 64-digit key sealed. */
const NEEDED = [1, 3]

/** What of `age` is found in PATH: its version, and whether that is new enough. */
export function findAge() {
  const { status, stdout } = spawnSync('age', ['--version'], { encoding: 'utf8' })
  if (status !== 0) return { version: undefined, opens: false }
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number)
  return {
    version: stdout.trim(),
    opens: major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]),
  }
}

/** SHA-256 of what `age` opens from `sealed` with the identity in `keyFile`. */
export async function digestByAge(sealed, keyFile, signal) {
  const age = spawn('age', ['-d', '-i', keyFile, sealed], { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const ended = once(age, 'close')
  const [digest, [code]] = await Promise.all([digestOfStream(age.stdout), ended])
  if (code !== 0) throw new Error(`age ended with exit code ${code}`)
  return digest
}
