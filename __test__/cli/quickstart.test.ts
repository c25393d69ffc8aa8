import { type ChildProcess, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compareFolders } from '../../examples/quickstart/compare.mjs'
import { parseKey } from '../../ts/index.ts'
import { content, testFolder } from '../seal/folder.ts'
import { type Outcome, outcome } from './command.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = `${ROOT}examples/quickstart.mjs`
const folder = testFolder()

/** What changed less than two seconds ago is read again. */
const SETTLED_MS = 3000
/** How far the clock of a file system may be behind. */
const CLOCK_MS = 20
const KEY_ROWS = /^ {4}([0-9a-f]{4} ){3}[0-9a-f]{4}$/gm
const COMMANDS = /^ {4}node .*$/gm

/** Starts the quickstart without a terminal, in the test's folder, which is also the home of whoever runs it. */
function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [PROGRAM, '--built', ...args], { cwd: folder.path, env: environment() })
}

function environment(): NodeJS.ProcessEnv {
  const { INIT_CWD: _, ...env } = process.env
  const home = process.platform === 'darwin' ? { HOME: folder.path } : {}
  const [data, state] = [folder.at('data'), folder.at('state')]
  return { ...env, ...home, XDG_DATA_HOME: data, XDG_STATE_HOME: state, LOCALAPPDATA: data }
}

/** Runs it to its end, which is a good one. */
async function told(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await outcome(start(...args))
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** Stops it when it has said something. */
async function stoppedAt(said: string, ...args: string[]): Promise<Outcome> {
  const child = start(...args)
  const ended = outcome(child)
  child.stdout?.on('data', (piece: Buffer) => piece.includes(said) && child.kill('SIGINT'))
  return ended
}

/** Runs the commands that it ends with, as they stand. */
async function follow(stdout: string): Promise<string[]> {
  const outputs: string[] = []
  for (const line of stdout.match(COMMANDS) ?? []) {
    const ran = await outcome(spawn(line.trim(), { shell: true, cwd: folder.path, env: environment() }))
    expect(ran.code, `${line}\n${ran.stderr}`).toBe(0)
    outputs.push(ran.stdout)
  }
  return outputs
}

const keyFile = (): string => folder.at('data/holdfast/quickstart.key')
const big = (): string[] => readdirSync(`${ROOT}target`).filter((name) => name.startsWith('quickstart-'))

/** A folder of the person's, with a little of everything. */
function personsFolder(): string {
  const path = folder.at('my pictures')
  mkdirSync(`${path}/2026`, { recursive: true })
  writeFileSync(`${path}/2026/a movie.mov`, content(3_158_073))
  writeFileSync(`${path}/empty`, '')
  cpSync(PROGRAM, `${path}/text.mjs`)
  symlinkSync('2026', `${path}/link`)
  return path
}

describe('the quickstart of backups', () => {
  it('tells its story for a folder that it makes, twice, and leaves the backup and its key', async () => {
    const [first, second] = [await told('--mib', '24'), await told('--mib', '24')]
    for (const stdout of [first, second]) {
      expect(stdout.match(KEY_ROWS)).toHaveLength(4)
      for (const said of [
        /^The folder: 25 media files, 40 notes, and a database/m,
        /^ {2}backed up: read .* stored .*\/s$/m,
        /the other program committed [1-9]\d* transactions? meanwhile/,
        /^ {2}again, after changes/m,
        /^ {2}restored: /m,
        /compared byte by byte: 65 files, .* equal$/m,
        /messages\.db: PRAGMA integrity_check: ok; all of its first \d+ messages/,
        /checked, every byte: /,
        /one flipped byte in a copy: found \(\w+\) in\n {4}e1\/packs\/[0-9a-f]{2}\/[0-9a-f]{64}\.age$/m,
        /a wrong key: refused after .* \(WRONG_CREDENTIAL\)/,
        /sealed at .*\/s.* a plain copy took/,
        /age 1\.3|opened by age/,
      ]) {
        expect(stdout).toMatch(said)
      }
      expect(stdout).toContain(`the backup  ${folder.at('holdfast-backup')}\n`)
      expect(stdout).toContain(`its key     ${keyFile()}\n`)
      expect(stdout.match(COMMANDS)).toHaveLength(3)
    }
    expect(storedBy(second, 'backed up')).toBeLessThan(storedBy(first, 'backed up') / 4)
    expect(storedOf(first, 'again')).toBeLessThan(storedBy(first, 'backed up') / 4)
    expect(second).toContain('from the last time')
    if (process.platform === 'linux') expect(statSync(keyFile()).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder.path).sort()).toEqual(['data', 'holdfast-backup', 'state'])
    expect(big()).toEqual([])
  })

  it("backs up the person's folder, which it only reads, and has commands that work as they stand", async () => {
    const path = personsFolder()
    await setTimeout(SETTLED_MS)
    const stdout = await told('my pictures')
    expect(stdout).toContain(`The folder: ${path}, 3 files, `)
    expect(stdout).toMatch(/compared byte by byte: 3 files, .* equal$/m)
    expect(stdout).toContain('0 files new or changed; read 0 bytes')
    const outputs = await follow(stdout)
    expect(outputs[1]).toContain('my pictures')
    expect(readFileSync(folder.at('holdfast-restored/my pictures/2026/a movie.mov')).equals(content(3_158_073))).toBe(
      true,
    )
    expect(readdirSync(path).sort()).toEqual(['2026', 'empty', 'link', 'text.mjs'])
  })

  it('backs up a folder that its own backup lies in', async () => {
    personsFolder()
    const stdout = await told('.')
    expect(stdout).toMatch(/compared byte by byte: \d+ files, .* equal$/m)
    expect((await follow(stdout)).join()).not.toContain('holdfast-backup/e1')
  })

  it('leaves alone what lies where the backup would', async () => {
    mkdirSync(folder.at('holdfast-backup'))
    writeFileSync(folder.at('holdfast-backup/mine'), 'precious')
    const { code, stderr } = await outcome(start(personsFolder()))
    expect(code).toBe(1)
    expect(stderr).toMatch(/holdfast-backup holds something else: move it away/)
    expect(readdirSync(folder.at('holdfast-backup'))).toEqual(['mine'])
  })

  it('says that a backup is under another key', async () => {
    const path = personsFolder()
    await told(path)
    writeFileSync(keyFile(), readFileSync(keyFile(), 'utf8').replace(/^AGE.*$/m, 'e'.repeat(63).concat('f')))
    const { code, stderr } = await outcome(start(path))
    expect(code).toBe(1)
    expect(stderr).toMatch(/holdfast-backup does not open with the key in .*quickstart\.key: move it away/)
  })

  it('stops on Ctrl-C, says what stays, and leaves a backup that the next run goes on with', async () => {
    const { code, stdout, stderr } = await stoppedAt('a new one', '--mib', '200')
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'quickstart: stopped by SIGINT\n' })
    expect(stdout).toContain('Everything that was made for this is removed, but for what is yours now:')
    expect(stdout).toContain(`its key     ${keyFile()}\n`)
    expect(big()).toEqual([])
    expect(await told('--mib', '8')).toContain('a wrong key: refused')
  })
})

describe('the quickstart of a single file', () => {
  it('tells its story for a file of the person, twice, and leaves only the key', async () => {
    const file = folder.at('my file.mov')
    writeFileSync(file, content(3_158_073))
    const [first, second] = [await told(file), await told('my file.mov')]
    for (const stdout of [first, second]) {
      for (const said of [
        KEY_ROWS,
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
    expect(second).toContain('from the last time')
    expect(readdirSync(folder.path).sort()).toEqual(['data', 'my file.mov'])
    expect(big()).toEqual([])
  })

  it('has commands that work as they stand', async () => {
    const file = folder.file('content')
    const stdout = await told(file)
    await follow(stdout)
    expect(readFileSync(`${file}.opened`, 'utf8')).toBe('content')
    expect(parseKey(stdout.match(KEY_ROWS)?.join('') ?? '')).toBeDefined()
  })

  it('stops on Ctrl-C, says what stays, and removes its big files', async () => {
    const file = folder.file(content(64 * 2 ** 20))
    const { code, stdout, stderr } = await stoppedAt('It is only read', file)
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'quickstart: stopped by SIGINT\n' })
    expect(stdout).toContain(`its key     ${keyFile()}\n`)
    expect(existsSync(folder.at('holdfast-backup'))).toBe(false)
    expect(big()).toEqual([])
  })

  it('says that nothing is there', async () => {
    const { code, stderr } = await outcome(start('no such file'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/there is no folder and no file at .*no such file/)
  })
})

describe('what the quickstart compares', () => {
  const { signal } = new AbortController()
  /** The person's folder, a copy of it, and a time that lies between what was and what will be changed. */
  async function twins() {
    const [source, restored] = [personsFolder(), folder.at('restored')]
    cpSync(source, restored, { recursive: true, verbatimSymlinks: true })
    await setTimeout(CLOCK_MS)
    const context = { left: [], since: Date.now(), signal }
    await setTimeout(CLOCK_MS)
    return { source, restored, context }
  }

  it('is equal when it is', async () => {
    const { source, restored, context } = await twins()
    const found = await compareFolders(source, restored, context)
    expect(found).toMatchObject({ files: 3, changed: 0, missing: 0, databases: [] })
  })

  it('is not equal with one other byte, or another link', async () => {
    const { source, restored, context } = await twins()
    writeFileSync(`${restored}/2026/a movie.mov`, content(3_158_073).fill(1, 3_158_072))
    await expect(compareFolders(source, restored, context)).rejects.toThrow(/a movie\.mov differs from the original/)
    rmSync(`${restored}/2026`, { recursive: true })
    rmSync(`${restored}/link`)
    symlinkSync('elsewhere', `${restored}/link`)
    await expect(compareFolders(source, restored, context)).rejects.toThrow(/link .*link leads elsewhere/)
  })

  it('counts what is missing, and apart from it what was changed later', async () => {
    const { source, restored, context } = await twins()
    rmSync(`${restored}/empty`)
    writeFileSync(`${source}/text.mjs`, 'later')
    writeFileSync(`${source}/new`, 'later')
    expect(await compareFolders(source, restored, context)).toMatchObject({ files: 1, changed: 1, missing: 1 })
  })
})

/** Bytes that the step stored: on its own line, or on the next one. */
function storedBy(stdout: string, step: string): number {
  return amount(new RegExp(`^ {2}${step}: .*stored ([\\d.]+) (\\w+)`, 'm').exec(stdout))
}

function storedOf(stdout: string, step: string): number {
  return amount(new RegExp(`^ {2}${step}, .*\\n.*stored ([\\d.]+) (\\w+)`, 'm').exec(stdout))
}

function amount(match: RegExpExecArray | null): number {
  const [, value, unit = ''] = match ?? []
  return Number(value) * 1000 ** ['bytes', 'kB', 'MB', 'GB'].indexOf(unit)
}
