import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { backupCase, filesBelow } from '../cli/backup-case.ts'
import { atTerminal, commandOf, KEYS, type Screen, type Step } from './terminal.ts'

const PASSWORD = 'eleven purple otters sing'
const { enter, down, ctrlC, clear } = KEYS
const here = backupCase()
const { folder } = here

const run = (words: readonly string[], steps: readonly Step[]): Promise<Screen> =>
  atTerminal(folder.path, commandOf(...words), steps, here.env)

describe('a backup whose password is asked for', () => {
  it('is begun with a new password, typed twice, and opened with it, typed once', async () => {
    const made = await run(
      ['init', 'backup', '--cost', 'interactive'],
      [
        ['Protect with', enter],
        ['A new password', `password1${enter}`],
        ['Take it all the same?', 'n'],
        ['A new password', clear + PASSWORD + enter],
        ['The same password again', PASSWORD + enter],
      ],
    )
    expect(made.code, made.text).toBe(0)
    expect(made.text).toMatch(/This password is very strong/)
    expect(made.text).not.toContain('otters')
    const source = folder.file('content')
    const stored = await run(['backup', source, '--to', 'backup'], [['Password', PASSWORD + enter]])
    expect(stored.code, stored.text).toBe(0)
    expect(stored.text).toContain('1 new')
    const restored = await run(['restore', 'backup', '--target', 'restored'], [['Password', PASSWORD + enter]])
    expect(restored.code, restored.text).toBe(0)
    expect(
      filesBelow(folder.at('restored')).map((path) => readFileSync(folder.at(`restored/${path}`), 'utf8')),
    ).toEqual(['content'])
    expect((await run(['ls', 'backup'], [['Password', `wrong${enter}`]])).code).toBe(3)
    expect((await run(['ls', 'backup'], [['Password', ctrlC]])).code).toBe(130)
  })

  it('is asked for in the kind that opens it', async () => {
    await here.done(['init', here.dest])
    const digits = readFileSync(folder.at('my.key'), 'utf8').trim()
    const seen = await run(['snapshots', 'backup'], [['64-digit key', digits + enter]])
    expect(seen.code, seen.text).toBe(0)
    const both = folder.at('both')
    const password = folder.file(PASSWORD)
    await here.done(['init', both, '--password-file', password, '--cost', 'interactive'])
    const chosen = await run(
      ['snapshots', both],
      [
        ['Open with', down + enter],
        ['64-digit key', digits + enter],
      ],
    )
    expect(chosen.code, chosen.text).toBe(0)
  })

  it('asks nobody for a new password where there is a backup', async () => {
    await here.done(['init', here.dest])
    const { code, text } = await run(['init', 'backup'], [])
    expect(code).toBe(5)
    expect(text).toContain('there is a backup at this destination already')
  })
})
