import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { backupCase, CONTROL_NAME, CONTROL_SHOWN, jsonLines } from './backup-case.ts'
import { jsonOf } from './command.ts'

const here = backupCase()
const { folder } = here
const TIME = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d'

/** Two snapshots; the second has one file more, one less, and one that changed. */
function twice(): Promise<void> {
  return here.prepared('two snapshots', async () => {
    await here.backedUp()
    writeFileSync(join(folder.at('Media'), 'new.txt'), 'new')
    writeFileSync(join(folder.at('Media'), 'a.mov'), 'short now')
    utimesSync(join(folder.at('Media'), '2026/b.txt'), 1, 1_000_000_000)
    rmSync(join(folder.at('Media'), CONTROL_NAME))
    await here.done(['backup', folder.at('Media'), '--to', here.dest, '--tag', 'second'])
  })
}

async function snapshots(...args: readonly string[]): Promise<{ id: string; tags: string[] }[]> {
  const said = jsonOf(await here.done(['snapshots', here.dest, ...args, '--json']))
  return said['snapshots'] as { id: string; tags: string[] }[]
}

describe('holdfast snapshots', () => {
  it('lists the newest first, in a table', async () => {
    await twice()
    const { stdout, stderr } = await here.done(['snapshots', here.dest])
    const [head, second, first, ...rest] = stdout.split('\n')
    expect(head).toMatch(/^ID +TIME +HOST +ENTRIES +SIZE +SOURCES +TAGS$/)
    expect(second).toMatch(new RegExp(`^[0-9a-f]{8}  ${TIME}  ${hostname()} +7 +27 bytes +Media +second$`))
    expect(first).toMatch(/ 300 kB {2}Media$/)
    expect({ rest, stderr }).toEqual({ rest: [''], stderr: '' })
  })

  it('lists those with a tag, or of a machine', async () => {
    await twice()
    expect((await snapshots('--tag', 'second')).map(({ tags }) => tags)).toEqual([['second']])
    expect(await snapshots('--host', hostname())).toHaveLength(2)
    expect(await snapshots('--host', 'another')).toEqual([])
    const none = await here.done(['snapshots', here.dest, '--tag', 'third'])
    expect(none).toMatchObject({ stdout: '', stderr: 'holdfast: there is no such snapshot\n' })
  })
})

describe('holdfast ls', () => {
  it('shows the sources, a folder, a file, or everything', async () => {
    await here.backedUp()
    const names = async (...args: readonly string[]): Promise<string[]> => {
      const { stdout } = await here.done(['ls', here.dest, ...args])
      return stdout.trimEnd().split('\n')
    }
    expect(await names()).toEqual([expect.stringMatching(new RegExp(`^drwxr-xr-x +- {2}${TIME} {2}Media/$`))])
    const inMedia = ['Media/2026/', 'Media/a.mov', `Media/${CONTROL_SHOWN}`]
    for (const path of ['Media', '/Media/']) {
      expect((await names(path)).map((line) => line.slice(44))).toEqual(inMedia)
    }
    expect(await names('Media/a.mov')).toEqual([expect.stringMatching(/^-rw-r--r-- +300 kB .* Media\/a.mov$/)])
    expect(await names('Media/2026')).toEqual([
      expect.stringMatching(/^-rw-r----- +15 bytes .* Media\/2026\/b.txt$/),
      expect.stringMatching(/ Media\/2026\/empty\/$/),
      expect.stringMatching(/^l.* Media\/2026\/link -> \.\.\/a\.mov$/),
    ])
    expect(await names('-r')).toHaveLength(7)
    expect(await names('Media/2026', '-r')).not.toContain('a.mov')
  })

  it('prints a line of JSON for each entry, and one at the end', async () => {
    await here.backedUp()
    const lines = jsonLines(await here.done(['ls', here.dest, 'Media/2026', '--json']))
    expect(lines[0]).toEqual({
      v: 1,
      command: 'ls',
      entry: {
        path: 'Media/2026/b.txt',
        kind: 'file',
        size: 15,
        mode: 0o640,
        modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    })
    expect(lines[2]).toMatchObject({ entry: { kind: 'symlink', target: '../a.mov' } })
    expect(lines.at(-1)).toEqual({ v: 1, ok: true, command: 'ls', destination: here.dest, entries: 3 })
  })

  it('ends with a line of JSON that says what went wrong', async () => {
    await here.backedUp()
    const lines = jsonLines(await here.run(['ls', here.dest, 'Media/2027', '--json']))
    const error = { code: 'SNAPSHOT_MISSING', path: here.dest, details: { path: 'Media/2027' } }
    expect(lines).toEqual([{ v: 1, ok: false, exitCode: 2, error: expect.objectContaining(error) }])
  })

  it('looks into the snapshot that is asked for', async () => {
    await twice()
    const [late, early] = await snapshots()
    const sizeOf = async (id = 'latest'): Promise<string> =>
      (await here.done(['ls', here.dest, 'Media/a.mov', '--snapshot', id])).stdout
    expect(await sizeOf()).toContain('9 bytes')
    expect(await sizeOf(late?.id)).toContain('9 bytes')
    expect(await sizeOf(early?.id.slice(0, 6))).toContain('300 kB')
  })

  it.each([
    ['a snapshot that is not there', ['Media', '--snapshot', '00000000'], 'holdfast snapshots DEST'],
    ['a snapshot that is none', ['--snapshot', 'xyz'], ''],
    ['a path that is not there', ['Media/2027'], 'Media/2027'],
    ['a path with ..', ['Media/../..'], 'no . and no ..'],
  ])('refuses %s', async (_, args, said) => {
    await here.backedUp()
    const ran = await here.run(['ls', here.dest, ...args])
    expect(ran, ran.stderr).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(said)
  })
})

describe('holdfast find', () => {
  it('looks in all snapshots, and says in which', async () => {
    await twice()
    const [late, early] = (await snapshots()).map(({ id }) => id.slice(0, 8))
    const { stdout } = await here.done(['find', here.dest, '*.mov', 'Media/new.*'])
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^snapshot ${late} of ${TIME}, ${hostname()}$`)),
      expect.stringMatching(/^ {2}-rw.* Media\/a\.mov$/),
      expect.stringMatching(/^ {2}-rw.* Media\/new\.txt$/),
      expect.stringMatching(new RegExp(`^snapshot ${early} of `)),
      expect.stringMatching(/^ {2}-rw.* Media\/a\.mov$/),
    ])
  })

  it('finds in one snapshot, in JSON, or nothing', async () => {
    await twice()
    const lines = jsonLines(await here.done(['find', here.dest, 'a.*', '--snapshot', 'latest', '--json']))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({ v: 1, entry: { path: 'Media/a.mov', size: 9 }, snapshot: { tags: ['second'] } })
    expect(lines[1]).toMatchObject({ v: 1, ok: true, command: 'find', entries: 1 })
    const none = await here.done(['find', here.dest, '*.avi'])
    expect(none).toMatchObject({ stdout: '', stderr: 'holdfast: nothing fits\n' })
  })
})

describe('holdfast diff', () => {
  it('says what was added, removed and changed, and how much', async () => {
    await twice()
    const [late = { id: '' }, early = { id: '' }] = await snapshots()
    const { stdout, stderr } = await here.done(['diff', here.dest, early.id, late.id])
    expect(stdout.trimEnd().split('\n').sort()).toEqual(
      [
        'M  Media/a.mov  (300 kB, now 9 bytes)',
        'm  Media/',
        'm  Media/2026/b.txt',
        `-  Media/${CONTROL_SHOWN}`,
        '+  Media/new.txt',
      ].sort(),
    )
    expect(stderr).toBe('1 added, 1 removed, 1 changed; 2 modes or times\n')
    const back = jsonLines(await here.done(['diff', here.dest, 'latest', early.id, '--json']))
    expect(back.at(-1)).toMatchObject({ ok: true, added: 1, removed: 1, changed: 1, metadata: 2 })
    expect(back).toContainEqual({
      v: 1,
      command: 'diff',
      difference: {
        change: 'removed',
        path: 'Media/new.txt',
        before: { path: 'Media/new.txt', kind: 'file', size: 3, mode: 0o644, modified: expect.any(String) },
      },
    })
  })
})

describe('holdfast stats', () => {
  it('counts snapshots, and what they hold and take', async () => {
    await twice()
    const { stdout } = await here.done(['stats', here.dest])
    expect(stdout).toMatch(/: encrypted\n {2}snapshots {2}2\n {2}content {4}300 kB\n {2}different {2}3\d\d kB in /)
    const said = jsonOf(await here.done(['stats', here.dest, '--json']))
    expect(said).toMatchObject({ v: 1, ok: true, command: 'stats', protected: true, snapshots: 2 })
    expect(said['storedBytes']).toBeGreaterThan(300_000)
  })
})
