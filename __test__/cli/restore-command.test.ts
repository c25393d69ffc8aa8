import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backupCase, filesBelow, tree } from './backup-case.ts'
import { jsonOf } from './command.ts'

const here = backupCase()
const { folder } = here

describe('holdfast restore', () => {
  it('tells in JSON what it did, and keeps what is there already', async () => {
    await here.backedUp()
    const args = ['restore', here.dest, '--target', folder.at('restored'), '--json']
    const { snapshot, ...first } = jsonOf(await here.done(args))
    expect(snapshot).toMatchObject({ sources: ['Media'], complete: true })
    expect(first).toEqual({
      v: 1,
      ok: true,
      command: 'restore',
      source: here.dest,
      target: folder.at('restored'),
      complete: true,
      entries: 7,
      kept: 0,
      bytes: 300_018,
      problems: [],
      warnings: [],
    })
    const again = jsonOf(await here.done(args))
    expect(again).toMatchObject({ entries: 7, bytes: 0 })
    expect(again['kept']).toBeGreaterThanOrEqual(3)
  })

  it('restores the paths that are named, with all that is in them', async () => {
    await here.backedUp()
    await here.done(['restore', here.dest, 'Media/2026/', '--target', folder.at('restored')])
    expect(filesBelow(folder.at('restored'))).toEqual(['Media/2026/b.txt'])
    const missing = await here.run(['restore', here.dest, 'Media/2027', '--target', folder.at('other')])
    expect(missing).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(folder.at('other'))).toBe(false)
  })

  it('row 24: overwrites with --force only, and nothing before it is known to be possible', async () => {
    await here.backedUp()
    const restored = folder.at('restored')
    mkdirSync(join(restored, 'Media'), { recursive: true })
    writeFileSync(join(restored, 'Media/a.mov'), 'mine')
    const args = ['restore', here.dest, '--target', restored]
    const ran = await here.run(args)
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain(`${restored}: Media/a.mov: `)
    expect(ran.stderr).toContain('--force')
    expect(filesBelow(restored)).toEqual(['Media/a.mov'])
    expect(readFileSync(join(restored, 'Media/a.mov'), 'utf8')).toBe('mine')
    await here.done([...args, '--force'])
    expect(tree(join(restored, 'Media'))).toEqual(tree(folder.at('Media')))
  })

  it.each([
    ['the destination', 'backup'],
    ['a folder in the destination', 'backup/restored'],
    ['a link to the destination', 'link/x'],
    ['no name', ''],
  ])('refuses %s as its target', async (_, target) => {
    await here.backedUp()
    symlinkSync(here.dest, folder.at('link'))
    const before = tree(here.dest)
    const ran = await here.run(['restore', here.dest, '--target', target === '' ? '' : folder.at(target)])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(tree(here.dest)).toEqual(before)
  })

  it('row 12: with a wrong key writes nothing', async () => {
    await here.backedUp()
    const other = folder.file('0123456789abcdef'.repeat(4))
    const ran = await here.runWithoutKey([
      ...['restore', here.dest, '--target', folder.at('restored'), '--json'],
      ...['--key-file', other],
    ])
    expect(ran.code).toBe(3)
    expect(jsonOf(ran)).toMatchObject({ ok: false, exitCode: 3, error: { code: 'WRONG_CREDENTIAL', path: here.dest } })
    expect(existsSync(folder.at('restored'))).toBe(false)
  })
})

describe('holdfast check', () => {
  it('tells in JSON what it saw', async () => {
    await here.backedUp()
    const said = jsonOf(await here.done(['check', here.dest, '--read', '100%', '--json']))
    expect(said).toEqual({
      v: 1,
      ok: true,
      command: 'check',
      destination: here.dest,
      snapshots: 1,
      packs: filesBelow(here.dest).filter((path) => path.includes('/packs/')).length,
      bytes: said['bytes'],
      problems: [],
      warnings: [],
    })
    expect(said['bytes']).toBeGreaterThan(300_000)
  })

  it.each(['some', '0%', '101%', '-5%', '5'])('refuses to read %s', async (share) => {
    const ran = await here.run(['check', here.dest, `--read=${share}`])
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('It must be none, all, or a share') })
  })
})
