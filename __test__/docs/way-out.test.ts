import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { describe, expect, it } from 'vitest'
import { localFolder } from '../../ts/index.ts'
import { key, testPlace } from '../backup/place.ts'
import { below, type Described, described, makeAwkward } from '../backup/tree.ts'
import { outcome } from '../cli/command.ts'
import { blocks, root } from './markdown.ts'

/** A microsecond, and what a number of seconds with a fraction loses. */
const NANOSECONDS = 2000
const script = join(root, 'docs/recover/restore-repository.mjs')
const place = testPlace()
const { folder } = place

/** A backup of two snapshots, the first of which has less. */
async function backedUp(): Promise<{ sources: string; store: string }> {
  const [sources, store] = [folder.at('sources'), folder.at('store')]
  makeAwkward(sources)
  writeFileSync(join(sources, 'text'), 'compresses well\n'.repeat(200_000))
  const repository = await place.create(localFolder(store))
  await repository.backup(sources)
  writeFileSync(join(sources, 'later'), 'added between the two')
  expect(await repository.backup(sources)).toMatchObject({ complete: true })
  return { sources, store }
}

/** Runs the program of docs/recover with what is typed, or given as a file. */
function restore(repository: string, target: string, typed: string) {
  const child = spawn(process.execPath, [script, repository, target])
  child.stdin.end(typed)
  return outcome(child)
}

/** Expects the same tree, with times that are right to the microsecond: that is how exact Node sets them. */
function expectAlike(found: Described, expected: Described): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort())
  for (const [name, what] of Object.entries(expected)) {
    const [[mode, time, ...rest], [foundMode, foundTime, ...foundRest]] = [
      what.split(' '),
      (found[name] ?? '').split(' '),
    ]
    expect([foundMode, ...foundRest], name).toEqual([mode, ...rest])
    expect(Math.abs(Number(BigInt(time ?? 0) - BigInt(foundTime ?? 0))), name).toBeLessThanOrEqual(NANOSECONDS)
  }
}

describe.runIf(process.platform !== 'win32')('the way out of a backup that holdfast made', () => {
  it.each(['digits', 'key file'] as const)('restores it byte for byte from the %s, without our code', async (given) => {
    const { sources, store } = await backedUp()
    const typed = given === 'digits' ? `${key.format()}\n${key.check}\n` : `# a key\n${key.identity()}\n`
    const { code, stderr } = await restore(store, folder.at('restored'), typed)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expectAlike(below(described(folder.at('restored')), 'sources'), described(sources))
  })

  it('restores a database, which is sound', async () => {
    const path = join(place.sources({}), 'messages.db')
    const database = new DatabaseSync(path)
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE one (text); INSERT INTO one VALUES (1), (2), (3)')
    database.close()
    const repository = await place.create(localFolder(folder.at('store')))
    expect(await repository.backup(path)).toMatchObject({ complete: true })
    expect(await restore(folder.at('store'), folder.at('restored'), key.format())).toMatchObject({ code: 0 })
    const copy = new DatabaseSync(folder.at('restored/messages.db'))
    expect(copy.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(copy.prepare('SELECT count(*) AS rows FROM one').get()).toEqual({ rows: 3 })
    copy.close()
  })

  it('row 45: sha256sum alone checks every object, and names the one that is damaged', async () => {
    const { store } = await backedUp()
    const [command = ''] = blocks('docs/recover/README.md').filter((block) => block.includes('sha256sum'))
    const check = () => execFileSync('sh', ['-c', command], { cwd: store, encoding: 'utf8' })
    expect(check()).toBe('')
    const objects = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.age'))
    expect(objects.length).toBeGreaterThan(6)
    for (const name of objects) {
      const path = join(store, name)
      const bytes = readFileSync(path)
      expect(name).toContain(createHash('sha256').update(bytes).digest('hex'))
      writeFileSync(path, Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 1)]))
      expect(check()).toBe(`damaged: ./${name}\n`)
      writeFileSync(path, bytes)
    }
  })
})
