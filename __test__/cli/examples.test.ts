import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseKey } from '../../ts/index.ts'
import { content, testFolder } from '../seal/folder.ts'
import { type Outcome, outcome } from './command.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const folder = testFolder()

/** Runs a program of examples/ in the test's folder. */
function example(name: string, args: readonly string[], cwd = folder.path): Promise<Outcome> {
  return outcome(spawn(process.execPath, [`${ROOT}examples/${name}.mjs`, ...args], { cwd, env: environment() }))
}

/** The quickstart keeps its key in the home of whoever runs it: here that is the test's folder. */
function environment(): NodeJS.ProcessEnv {
  const { INIT_CWD: _, ...env } = process.env
  const home = process.platform === 'darwin' ? { HOME: folder.path } : {}
  return { ...env, ...home, XDG_DATA_HOME: folder.at('data'), LOCALAPPDATA: folder.at('data') }
}

const big = (): string[] => readdirSync(`${ROOT}target`).filter((name) => name.startsWith('quickstart-'))

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

describe('the quickstart', () => {
  it('tells its story for a file of the person, twice, and leaves only the key', async () => {
    const file = folder.at('my file.mov')
    await sparse(3_158_073, file)
    const [first, second] = [
      await example('quickstart', ['--built', file]),
      await example('quickstart', ['--built', 'my file.mov']),
    ]
    for (const { code, stdout, stderr } of [first, second]) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      for (const said of [
        /^ {4}([0-9a-f]{4} ){3}[0-9a-f]{4}$/m,
        /sealed at .*\/s.* a plain copy took/,
        /a wrong key: refused after .* \(WRONG_CREDENTIAL\), nothing written/,
        /found in chunk 24, at byte \d+; nothing written/,
        /opened at .*equal to the original/,
        /age 1\.3|opened by age/,
      ]) {
        expect(stdout).toMatch(said)
      }
      expect(stdout.match(/^ {4}node .*'.*my file\.mov/gm)).toHaveLength(3)
    }
    expect(second.stdout).toContain('from the last time')
    const key = folder.at('data/holdfast/quickstart.key')
    if (process.platform === 'linux') expect(statSync(key).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder.path).sort()).toEqual(['data', 'my file.mov'])
    expect(big()).toEqual([])
  })

  it('has commands that work as they stand', async () => {
    const file = folder.file('content')
    const { stdout } = await example('quickstart', ['--built', file])
    for (const line of stdout.match(/^ {4}node .*$/gm) ?? []) {
      const shell = spawn(line.trim(), { shell: true, cwd: folder.path })
      expect((await outcome(shell)).code, line).toBe(0)
    }
    expect(readFileSync(`${file}.opened`, 'utf8')).toBe('content')
    expect(parseKey(stdout.match(/^ {4}([0-9a-f]{4} ?){4}$/gm)?.join('') ?? '')).toBeDefined()
  })

  it('stops on Ctrl-C, says what stays, and removes its big files', async () => {
    const file = await sparse(2 ** 31)
    const child = spawn(process.execPath, [`${ROOT}examples/quickstart.mjs`, '--built', file], { env: environment() })
    const ended = outcome(child)
    child.stdout.on('data', (piece: Buffer) => piece.includes('It is only read') && child.kill('SIGINT'))
    const { code, stdout, stderr } = await ended
    expect(code).toBe(130)
    expect(stderr).toBe('quickstart: stopped by SIGINT\n')
    expect(stdout).toContain('The big files are removed. The key stays in ')
    expect(big()).toEqual([])
  })

  it('says that a file is not there', async () => {
    const { code, stderr } = await example('quickstart', ['--built', 'no such file'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/there is no file at .*no such file/)
  })
})

/** A file without content of its own, as long as asked for. */
async function sparse(length: number, path = folder.fresh()): Promise<string> {
  const file = await open(path, 'w')
  await file.truncate(length)
  await file.close()
  return path
}
