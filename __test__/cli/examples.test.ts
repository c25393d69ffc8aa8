import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { content, testFolder } from '../seal/folder.ts'
import { type Outcome, outcome } from './command.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const folder = testFolder()

/** Runs a program of examples/ in the test's folder. */
function example(name: string, args: readonly string[], cwd = folder.path): Promise<Outcome> {
  return outcome(spawn(process.execPath, [`${ROOT}examples/${name}.mjs`, ...args], { cwd }))
}

describe('examples', () => {
  it('seal-and-open brings the content back with either credential', async () => {
    const file = folder.file(content(100_000))
    const { code, stdout, stderr } = await example('seal-and-open', [file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const way of ['by-key', 'by-password']) {
      expect(readFileSync(`${file}.${way}`).equals(content(100_000))).toBe(true)
    }
    expect(existsSync(`${file}.by-other`)).toBe(false)
    expect(stdout).toContain('another key: the 64-digit key does not open this file')
  })

  it('kept-key seals many files with one stretched password', async () => {
    const files = [folder.file('one'), folder.file('two')]
    const { code, stdout } = await example('kept-key', files)
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(2)
    expect(statSync(folder.at('kept.key.age')).mode & 0o777).toBe(0o600)
  })

  it('progress-and-abort reports to the end, or gives up without a trace', async () => {
    const file = folder.file(content(1_000_000))
    expect((await example('progress-and-abort', [file])).stdout).toMatch(/done: 1000000 of 1000000 bytes\n$/)
    const [long, before] = [await sparse(8 * 2 ** 30), readdirSync(folder.path)]
    expect((await example('progress-and-abort', [long, '200'])).stdout).toMatch(/given up: TimeoutError\n$/)
    expect(readdirSync(folder.path)).toEqual([...before].sort())
  })
})

/** A file without content of its own, as long as asked for. */
async function sparse(length: number, path = folder.fresh()): Promise<string> {
  const file = await open(path, 'w')
  await file.truncate(length)
  await file.close()
  return path
}
