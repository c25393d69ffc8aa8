import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backupCase, filesBelow, tree } from './backup-case.ts'
import { jsonOf, outcome, start } from './command.ts'

/** A sparse file that takes seconds to read. */
const LONG = 24 * 2 ** 30
/** More than one pack. */
const SOME = 80_000_000
const here = backupCase()
const { folder } = here

/** What this machine notes of packs that are stored. */
const knownHere = (): string[] => filesBelow(folder.at('state')).filter((path) => /journal.+\.age$/.test(path))
const packs = (): string[] => filesBelow(here.dest).filter((path) => path.includes('/packs/'))

/** How many of the files have their names. */
const whole = (target: string): number => filesBelow(target).filter((path) => /^Source.[abc]$/.test(path)).length

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('row 29: a signal during a backup', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it with %i; the next one uses what was stored', async (signal, code) => {
    await here.done(['init', here.dest])
    writeFileSync(folder.at('first'), randomBytes(SOME))
    writeFileSync(folder.at('long'), '')
    truncateSync(folder.at('long'), LONG)
    const args = ['backup', folder.at('first'), folder.at('long'), '--to', here.dest, ...here.key]
    const child = start(args, { env: here.env }, ['ignore', 'pipe', 'pipe'])
    const ended = outcome(child)
    await until(() => knownHere().length > 0)
    child.kill(signal)
    expect(await ended).toMatchObject({ code, stdout: '', stderr: '' })
    expect(jsonOf(await here.done(['snapshots', here.dest, '--json']))).toMatchObject({ snapshots: [] })

    const known = knownHere().map((path) => basename(path))
    const stored = packs().filter((path) => known.includes(basename(path)))
    const sizes = stored.map((path) => statSync(join(here.dest, path)).size)
    rmSync(folder.at('long'))
    const again = jsonOf(await here.done(['backup', folder.at('first'), '--to', here.dest, '--json']))
    expect(Math.max(...sizes)).toBeGreaterThan(30_000_000)
    expect(again['storedBytes']).toBeLessThan(SOME + 1_000_000 - sizes.reduce((sum, size) => sum + size, 0))
    await here.done(['restore', here.dest, '--target', folder.at('restored')])
    expect(readFileSync(folder.at('restored/first')).equals(readFileSync(folder.at('first')))).toBe(true)
  })

  it('SIGINT while standard input is silent ends it at once, and leaves no snapshot', async () => {
    await here.done(['init', here.dest])
    const args = ['backup', '--stdin', 'dump', '--to', here.dest, ...here.key]
    const child = start(args, { env: here.env }, ['pipe', 'pipe', 'pipe'])
    const ended = outcome(child)
    child.stdin?.write('the beginning')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const begun = performance.now()
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: '' })
    expect(performance.now() - begun).toBeLessThan(1800)
    expect(jsonOf(await here.done(['snapshots', here.dest, '--json']))).toMatchObject({ snapshots: [] })
  })
})

describe('row 29: a signal during a restore', () => {
  it('SIGINT ends it with 130; the next one finishes it', async () => {
    await here.done(['init', here.dest])
    const source = folder.at('Source')
    mkdirSync(source)
    for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), randomBytes(SOME))
    await here.done(['backup', source, '--to', here.dest])
    const args = ['restore', here.dest, '--target', folder.at('restored'), ...here.key]
    const child = start(args, { env: here.env }, ['ignore', 'pipe', 'pipe'])
    const ended = outcome(child)
    await until(() => existsSync(folder.at('restored')) && filesBelow(folder.at('restored')).length > 0)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: '' })
    expect(whole(folder.at('restored'))).toBeLessThan(3)
    await here.done(['restore', here.dest, '--target', folder.at('restored')])
    expect(filesBelow(folder.at('restored'))).toEqual(['Source/a', 'Source/b', 'Source/c'])
    expect(tree(folder.at('restored/Source'))).toEqual(tree(source))
  })
})

describe('two backups at a time', () => {
  it('of one machine to one place: the second one is told to wait', async () => {
    await here.done(['init', here.dest])
    const first = start(['backup', '--stdin', 'dump', '--to', here.dest, ...here.key], { env: here.env }, [
      'pipe',
      'pipe',
      'pipe',
    ])
    const ended = outcome(first)
    first.stdin?.write('the beginning')
    const state = folder.at('state')
    await until(
      () => existsSync(state) && readdirSync(state, { recursive: true }).some((name) => /lock/.test(`${name}`)),
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    const second = await here.run(['backup', folder.file('x'), '--to', here.dest, '--json'])
    expect(second.code).toBe(5)
    expect(jsonOf(second)).toMatchObject({ ok: false, error: { code: 'LOCKED', retryable: true } })
    first.stdin?.end()
    expect((await ended).code).toBe(0)
  })
})
