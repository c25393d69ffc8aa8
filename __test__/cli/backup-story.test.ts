import { appendFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { content } from '../seal/folder.ts'
import { backupCase, filesBelow, flip, tree } from './backup-case.ts'
import { jsonOf } from './command.ts'

const here = backupCase()
const { folder } = here

/** The id of the newest snapshot, and of the one before. */
async function newest(): Promise<[string, string]> {
  const { snapshots } = jsonOf(await here.done(['snapshots', here.dest, '--json'])) as { snapshots: { id: string }[] }
  return [snapshots[0]?.id ?? '', snapshots[1]?.id ?? '']
}

describe('a backup from the command line', () => {
  it('is begun, made, made again after changes, looked at, restored, checked and copied', async () => {
    const media = here.media()
    expect((await here.done(['init', here.dest])).stdout).toContain(`a new backup is at ${here.dest}`)
    await here.settled()
    const first = await here.done(['backup', media, '--to', here.dest])
    expect(first.stdout).toMatch(/^snapshot [0-9a-f]{8} is at .*\n {2}files {3}3 new, 0 changed, 0 unchanged\n/)
    const before = tree(media)

    appendFileSync(join(media, '2026/b.txt'), ', longer now')
    writeFileSync(join(media, 'new.txt'), 'new')
    rmSync(join(media, '2026/link'))
    const second = await here.done(['backup', media, '--to', here.dest])
    expect(second.stdout).toContain('files   1 new, 1 changed, 2 unchanged')
    const [late, early] = await newest()

    const found = await here.done(['find', here.dest, 'new.*', '--snapshot', 'latest'])
    expect(found.stdout).toMatch(new RegExp(`^snapshot ${late.slice(0, 8)} .*\n {2}-rw.* Media/new.txt\n$`))
    const differs = await here.done(['diff', here.dest, early.slice(0, 6)])
    expect(differs.stdout.split('\n').filter((line) => !line.startsWith('m'))).toEqual([
      'M  Media/2026/b.txt  (15 bytes, now 27 bytes)',
      '-  Media/2026/link -> ../a.mov',
      '+  Media/new.txt',
      '',
    ])

    await here.done(['restore', here.dest, '--target', folder.at('now')])
    expect(tree(folder.at('now/Media'))).toEqual(tree(media))
    await here.done(['restore', here.dest, '--target', folder.at('then'), '--snapshot', early.slice(0, 8)])
    expect(tree(folder.at('then/Media'))).toEqual(before)

    expect((await here.done(['check', here.dest, '--read', 'all'])).stdout).toContain('nothing is missing')
    const copied = await here.doneWithoutKey(['copy', here.dest, folder.at('copy')])
    expect(copied.stdout).toMatch(/^copied \d+ objects from /)
    expect(filesBelow(folder.at('copy'))).toEqual(filesBelow(here.dest))
    await here.done(['restore', folder.at('copy'), '--target', folder.at('from copy')])
    expect(tree(folder.at('from copy/Media'))).toEqual(tree(media))
  })

  it('costs little when little changed', async () => {
    await here.done(['init', here.dest])
    here.media()
    await here.settled()
    await here.done(['backup', folder.at('Media'), '--to', here.dest])
    const again = jsonOf(await here.done(['backup', folder.at('Media'), '--to', here.dest, '--json']))
    expect(again).toMatchObject({ files: { new: 0, changed: 0, unchanged: 3 }, readBytes: 0 })
    expect(again['storedBytes']).toBeLessThan(50_000)
  })

  it('finds a flipped bit, names the object, and brings back the rest', async () => {
    writeFileSync(folder.at('other.bin'), content(2_000_000, 7))
    await here.backedUp()
    await here.done(['backup', folder.at('Media'), folder.at('other.bin'), '--to', here.dest])
    const packs = filesBelow(here.dest).filter((path) => path.includes('/packs/'))
    const hit = packs.find((path) => statSync(join(here.dest, path)).size > 1_000_000) ?? ''
    flip(join(here.dest, hit))

    const checked = await here.run(['check', here.dest, '--read', 'all'])
    expect(checked).toMatchObject({ code: 4, stdout: expect.stringContaining(hit) })
    const asJson = await here.run(['check', here.dest, '--read', 'all', '--json'])
    expect(jsonOf(asJson)).toMatchObject({ v: 1, ok: false, exitCode: 4, error: { details: { object: hit } } })
    expect(asJson).toMatchObject({ code: 4, stderr: '' })

    expect((await here.run(['restore', here.dest, '--target', folder.at('whole')])).code).toBe(4)
    const partial = await here.run(['restore', here.dest, '--target', folder.at('rest'), '--partial'])
    expect(partial.code).toBe(7)
    expect(partial.stderr).toContain('not restored: other.bin: ')
    expect(tree(folder.at('rest/Media'))).toEqual(tree(folder.at('Media')))
  })
})

describe('row 45: a copy', () => {
  it('of a damaged backup names what is damaged, and has the rest', async () => {
    await here.backedUp()
    const hit = filesBelow(here.dest).find((path) => path.includes('/packs/')) ?? ''
    flip(join(here.dest, hit))
    const copied = await here.runWithoutKey(['copy', here.dest, folder.at('copy')])
    expect(copied.code).toBe(4)
    expect(copied.stderr).toContain(hit)
    expect(filesBelow(folder.at('copy'))).toEqual(filesBelow(here.dest).filter((path) => path !== hit))
    const asJson = await here.runWithoutKey(['copy', here.dest, folder.at('copy'), '--json'])
    expect(jsonOf(asJson)).toMatchObject({ v: 1, ok: false, exitCode: 4, objects: 0, problems: [{}] })
  })

  it('copies only what is new when it is made again', async () => {
    await here.backedUp()
    await here.doneWithoutKey(['copy', here.dest, folder.at('copy')])
    const again = jsonOf(await here.doneWithoutKey(['copy', here.dest, folder.at('copy'), '--json']))
    expect(again).toEqual({
      v: 1,
      ok: true,
      command: 'copy',
      from: here.dest,
      to: folder.at('copy'),
      objects: 0,
      bytes: 0,
      skipped: filesBelow(here.dest).length,
      problems: [],
    })
  })
})
