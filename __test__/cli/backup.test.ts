import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { content } from '../seal/folder.ts'
import { backupCase, CONTROL_SHOWN, filesBelow, tree } from './backup-case.ts'
import { jsonOf } from './command.ts'

const here = backupCase()
const { folder } = here
const ID = /^[0-9a-f]{32}$/

const names = async (): Promise<string[]> => {
  const { stdout } = await here.done(['ls', here.dest, '--recursive', '--json'])
  const lines = stdout.trimEnd().split('\n').slice(0, -1)
  return lines.map((line) => (JSON.parse(line) as { entry: { path: string } }).entry.path)
}

describe('holdfast backup', () => {
  it('tells in JSON what it did', async () => {
    await here.done(['init', here.dest])
    const media = here.media()
    const tags = ['--tag', 'nightly', '--tag', 'of two words']
    const made = jsonOf(await here.done(['backup', media, '--to', here.dest, ...tags, '--json']))
    const { id, snapshot, storedBytes, readBytes } = made
    expect(id).toMatch(ID)
    expect(storedBytes).toBeGreaterThan(300_000)
    expect(readBytes).toBe(300_000 + 'the second file'.length + 'odd'.length)
    expect(made).toEqual({
      v: 1,
      ok: true,
      command: 'backup',
      destination: here.dest,
      dryRun: false,
      id,
      complete: true,
      snapshot,
      files: { new: 3, changed: 0, unchanged: 0 },
      readBytes,
      storedBytes,
      unread: [],
      notStored: [],
      warnings: [],
    })
    expect(snapshot).toEqual({
      id,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      sequence: 1,
      host: hostname(),
      tags: ['nightly', 'of two words'],
      sources: ['Media'],
      complete: true,
      entries: 7,
      bytes: readBytes,
    })
  })

  it('leaves out what --exclude fits, and takes the name of --host', async () => {
    await here.done(['init', here.dest])
    const excludes = ['--exclude', '*.mov', '--exclude', '2026/', '--host', 'another']
    const made = await here.done(['backup', here.media(), '--to', here.dest, ...excludes, '--json'])
    expect(jsonOf(made)).toMatchObject({ snapshot: { host: 'another' } })
    expect(await names()).toEqual(['Media', 'Media/odd\u001b[2J\nname'])
  })

  it('with --dry-run says what it would do, and stores nothing', async () => {
    await here.done(['init', here.dest])
    const [media, before] = [here.media(), tree(here.dest)]
    const ran = await here.done(['backup', media, '--to', here.dest, '--dry-run'])
    expect(ran.stdout).toContain(`nothing was stored at ${here.dest}: a snapshot would have 7 entries, 300 kB`)
    expect(ran.stdout).toContain('3 new, 0 changed')
    const asJson = jsonOf(await here.done(['backup', media, '--to', here.dest, '--dry-run', '--json']))
    expect(asJson).toMatchObject({ dryRun: true, files: { new: 3 } })
    expect(asJson).not.toHaveProperty('id')
    expect(tree(here.dest)).toEqual(before)
  })

  it('takes standard input as a file, beside others', async () => {
    await here.done(['init', here.dest])
    const dump = content(3_000_000, 5)
    await here.done(['backup', here.media(), '--stdin', 'shop.sql', '--to', here.dest], { input: dump })
    await here.done(['restore', here.dest, 'shop.sql', '--target', folder.at('restored')])
    expect(readFileSync(folder.at('restored/shop.sql')).equals(dump)).toBe(true)
    expect(filesBelow(folder.at('restored'))).toEqual(['shop.sql'])
  })

  it('does not back up itself when it lies in what is backed up', async () => {
    await here.done(['init', here.dest])
    here.media()
    const linked = folder.at('linked')
    symlinkSync(folder.path, linked)
    for (const source of [folder.path, `${linked}/`]) {
      await here.done(['backup', source, '--to', join(linked, 'backup'), '--state-dir', folder.at('state')])
      const found = await names()
      expect(found.some((path) => path.endsWith('/Media/a.mov'))).toBe(true)
      expect(found.filter((path) => path.split('/')[1] === 'backup')).toEqual([])
    }
  })

  it('keeps going when one path is missing: exit code 7, and the snapshot says that it is incomplete', async () => {
    await here.done(['init', here.dest])
    const args = ['backup', here.media(), folder.at('gone'), '--to', here.dest]
    const ran = await here.run(args)
    expect(ran.code).toBe(7)
    expect(ran.stdout).toContain('3 new')
    expect(ran.stderr).toMatch(
      /not backed up: gone: the source cannot be read.*\n(.*\n)*.*is incomplete: 1 file or folder/,
    )
    const asJson = await here.run([...args, '--json'])
    expect(asJson).toMatchObject({ code: 7, stderr: '' })
    const unread = [{ path: 'gone', code: 'SOURCE_UNREADABLE' }]
    expect(jsonOf(asJson)).toMatchObject({ ok: true, exitCode: 7, complete: false, unread })
    expect((await here.done(['snapshots', here.dest])).stdout).toMatch(/ Media +incomplete/)
    expect((await here.run(['ls', here.dest])).stderr).toContain('no complete snapshot')
  })

  it.runIf(process.platform !== 'win32')('names pipes and leaves them out; the snapshot is complete', async () => {
    await here.done(['init', here.dest])
    const media = here.media()
    execFileSync('mkfifo', [join(media, 'pipe')])
    const ran = await here.done(['backup', media, '--to', here.dest])
    expect(ran.stderr).toContain('left out: Media/pipe: ')
    expect((await here.done(['snapshots', here.dest])).stdout).not.toContain('incomplete')
  })

  it('shows no control character of a name', async () => {
    await here.backedUp()
    for (const args of [
      ['ls', here.dest, '-r'],
      ['find', here.dest, 'odd*'],
      ['diff', here.dest, 'latest'],
    ]) {
      const ran = await here.done(args)
      expect(ran.stdout + ran.stderr).not.toContain('\u001b')
      if (args[0] !== 'diff') expect(ran.stdout).toContain(`Media/${CONTROL_SHOWN}\n`)
    }
    const missing = await here.run(['backup', folder.at('Media'), folder.at('no\u001b[2Jne'), '--to', here.dest])
    expect(missing.stderr).toContain('not backed up: no\\u{1b}[2Jne: ')
    expect((await here.run(['backup', 'no\u001b[2Jne', '--to', here.dest])).stderr).not.toContain('\u001b')
  })
})

describe('a wrong call of holdfast backup', () => {
  it.each([
    ['nothing to back up', [], 2, 'nothing to back up is named'],
    ['an empty path', [''], 2, 'a path is empty'],
    ['only missing paths', ['gone', 'gone, too'], 6, 'gone: the source cannot be read: open: no such file or folder'],
    ['the destination itself', ['backup'], 2, 'the destination itself'],
    ['standard input twice', ['--stdin', 'x', '--password-fd', '0'], 2, 'standard input is asked for twice'],
    ['a pattern that is none', ['Media', '--exclude', '['], 2, 'exclude'],
  ])('%s stores nothing', async (_, args, code, said) => {
    await here.done(['init', here.dest])
    here.media()
    const before = tree(here.dest)
    const ran = await here.run(['backup', ...args, '--to', here.dest])
    expect(ran, ran.stderr).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toContain(said)
    expect(tree(here.dest)).toEqual(before)
  })

  it('without --to says what is missing', async () => {
    const ran = await here.run(['backup', 'Media'])
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("required option '--to <dest>'") })
  })
})

describe('the state of this machine', () => {
  it('lies where --state-dir says; without it everything is read again, with the same result', async () => {
    await here.backedUp()
    const media = folder.at('Media')
    const other = ['--state-dir', folder.at('other state')]
    const again = await here.done(['backup', media, '--to', here.dest, ...other, '--json'])
    expect(jsonOf(again)).toMatchObject({ files: { new: 0, changed: 0, unchanged: 3 } })
    expect(jsonOf(again)['readBytes']).toBeGreaterThan(300_000)
    expect(existsSync(folder.at('other state'))).toBe(true)
  })

  it('row 41: shows that the destination went back; --accept-rollback goes on', async () => {
    await here.backedUp()
    mkdirSync(folder.at('older'))
    await here.doneWithoutKey(['copy', here.dest, folder.at('older')])
    writeFileSync(join(folder.at('Media'), 'late.txt'), 'late')
    await here.done(['backup', folder.at('Media'), '--to', here.dest])
    const older = folder.at('older')
    const ran = await here.run(['restore', older, '--target', folder.at('restored')])
    expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining('--accept-rollback') })
    expect(existsSync(folder.at('restored'))).toBe(false)
    const listed = await here.run(['snapshots', older])
    expect(listed.code).toBe(4)
    expect(listed.stdout).toContain('Media')
    await here.done(['restore', older, '--target', folder.at('restored'), '--accept-rollback'])
  })
})
