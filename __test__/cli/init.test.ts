import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateKey } from '../../ts/index.ts'
import { backupCase, filesBelow } from './backup-case.ts'
import { jsonOf } from './command.ts'

const PASSWORD = 'correct horse'
const here = backupCase()
const { folder } = here

function secret(content: string): string {
  const path = folder.file(content)
  chmodSync(path, 0o600)
  return path
}

const interactive = (password: string): string[] => ['--password-file', password, '--cost', 'interactive']

describe('holdfast init', () => {
  it('makes a backup that either of two credentials opens, and says how to go on', async () => {
    const password = secret(`${PASSWORD}\n`)
    const made = await here.done(['init', here.dest, ...interactive(password), '--label', 'the safe'])
    expect(made.stdout).toBe(`a new backup is at ${here.dest}: opened by the 64-digit key or by the password\n`)
    expect(made.stderr).toContain(`holdfast backup FOLDER --to '${here.dest}' --key-file '${folder.at('my.key')}'`)
    await here.done(['snapshots', here.dest])
    await here.doneWithoutKey(['snapshots', here.dest, '--password-file', password])
  })

  it('tells in JSON what it made', async () => {
    const made = jsonOf(await here.done(['init', here.dest, '--json']))
    const { id } = made
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    const rest = { destination: here.dest, epoch: 1, protected: true, warnings: [] }
    expect(made).toEqual({ v: 1, ok: true, command: 'init', id, ...rest })
  })

  it('never takes the place of a backup', async () => {
    await here.backedUp()
    const before = filesBelow(here.dest)
    for (const ran of [await here.run(['init', here.dest]), await here.runWithoutKey(['init', here.dest])]) {
      expect(ran).toMatchObject({ code: 5, stdout: '' })
      expect(ran.stderr).toContain('there is a backup at this destination already')
    }
    expect(filesBelow(here.dest)).toEqual(before)
  })

  it('row 3: with a password of 7 characters makes nothing', async () => {
    const ran = await here.runWithoutKey(['init', here.dest, ...interactive(secret('1234567'))])
    expect(ran).toMatchObject({ code: 3, stdout: '' })
    expect(ran.stderr).toContain('8 to 1024 are possible')
    expect(existsSync(here.dest)).toBe(false)
  })

  it('row 11: for a key of equal digits makes nothing', async () => {
    const ran = await here.runWithoutKey(['init', here.dest, '--key-file', secret('7'.repeat(64))])
    expect(ran.code).toBe(3)
    expect(existsSync(here.dest)).toBe(false)
  })

  it.each([
    ['--unprotected beside a key', ['--unprotected'], '--unprotected needs no password, no key'],
    ['an age recipient', ['--recipient', generateKey().recipient], "unknown option '--recipient'"],
    ['an address with an unknown scheme', [], 'unknown scheme', 'gopher://x/y'],
    ['an address with a password', [], 'must not have credentials', 's3://me:hunter22@bucket/x'],
  ])('refuses %s', async (_, args, said, dest = here.dest) => {
    const ran = await here.run(['init', dest, ...args])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(said)
    expect(ran.stderr).not.toContain('hunter22')
    expect(existsSync(here.dest)).toBe(false)
  })

  it('needs a credential, or the word that none is wanted', async () => {
    const ran = await here.runWithoutKey(['init', here.dest])
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('no terminal to ask at') })
    expect(existsSync(here.dest)).toBe(false)
  })
})

describe('a backup without protection', () => {
  it('is made, written to and read only where that was said', async () => {
    const made = await here.doneWithoutKey(['init', here.dest, '--unprotected'])
    expect(made.stdout).toContain('not protected')
    expect(made.stderr).toContain('whoever can read the destination can read every file')
    const media = here.media()
    const unmeant = await here.runWithoutKey(['backup', media, '--to', here.dest])
    expect(unmeant).toMatchObject({ code: 2, stderr: expect.stringContaining('say --unprotected') })
    expect(filesBelow(here.dest).some((path) => path.includes('/packs/'))).toBe(false)
    await here.doneWithoutKey(['backup', media, '--to', here.dest, '--unprotected'])
    await here.doneWithoutKey(['restore', here.dest, '--target', folder.at('restored')])
    expect(filesBelow(folder.at('restored/Media'))).toEqual(filesBelow(media))
  })

  it('row 48: in the place of a protected one takes nothing', async () => {
    await here.doneWithoutKey(['init', here.dest, '--unprotected'])
    const ran = await here.run(['backup', here.media(), '--to', here.dest, '--json'])
    expect(ran.code).toBe(4)
    expect(jsonOf(ran)).toMatchObject({ ok: false, error: { code: 'PROTECTION_DOWNGRADED' } })
  })
})

describe('a destination', () => {
  it('without a backup is named as such, by every command that needs one', async () => {
    mkdirSync(here.dest)
    for (const args of [['snapshots'], ['ls'], ['check'], ['stats'], ['find', 'x'], ['diff', 'latest']]) {
      const [command = '', ...rest] = args
      const ran = await here.run([command, here.dest, ...rest])
      expect(ran, ran.stderr).toMatchObject({ code: 4, stdout: '' })
      expect(ran.stderr).toContain('holdfast init DEST')
    }
  })

  it('row 12: with a wrong key or a wrong password says so, and who asks for the wrong kind is told the right one', async () => {
    await here.doneWithoutKey(['init', here.dest, ...interactive(secret(PASSWORD))])
    const wrong = await here.runWithoutKey(['ls', here.dest, '--password-file', secret('battery staple')])
    expect(wrong).toMatchObject({ code: 3, stdout: '' })
    const kind = await here.run(['ls', here.dest])
    expect(kind).toMatchObject({ code: 3, stderr: expect.stringContaining('--password-file') })
    const none = await here.runWithoutKey(['ls', here.dest])
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('no terminal to ask at') })
  })
})
