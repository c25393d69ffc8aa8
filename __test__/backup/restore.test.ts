import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../ts/index.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { testPlace } from './place.ts'
import { below, described } from './tree.ts'

const place = testPlace()
const { folder } = place

/** A repository with one snapshot of a few files. */
async function backedUp(): Promise<{ repository: Repository; sources: string }> {
  const sources = place.sources({
    'a.txt': 'a',
    'b/c.bin': content(1_500_000),
    'b/d/e.txt': 'e',
    'f/g.txt': 'g',
  })
  const repository = await place.create()
  await repository.backup(sources)
  return { repository, sources }
}

describe('a restore', () => {
  it('takes what was asked for, and the folders above it', async () => {
    const { repository } = await backedUp()
    const target = folder.at('restored')
    const result = await repository.restore('latest', {
      to: target,
      paths: ['sources/b/d', Buffer.from('sources/f/g.txt')],
    })
    expect(result.complete).toBe(true)
    expect(Object.keys(described(target)).sort()).toEqual([
      '',
      'sources',
      'sources/b',
      'sources/b/d',
      'sources/b/d/e.txt',
      'sources/f',
      'sources/f/g.txt',
    ])
    for (const path of ['sources/missing', 'a.txt']) {
      const failure = await rejectionOf(repository.restore('latest', { to: target, paths: [path] }))
      expect(failure).toMatchObject({ name: 'UsageError' })
    }
  })

  it('row 24: overwrites nothing unasked, and says so before it writes anything', async () => {
    const { repository } = await backedUp()
    const target = folder.at('restored')
    mkdirSync(`${target}/sources/b`, { recursive: true })
    writeFileSync(`${target}/sources/b/c.bin`, 'mine')
    const failure = await rejectionOf(repository.restore('latest', { to: target }))
    expect(failure).toMatchObject({ code: 'TARGET_EXISTS', safe: true, details: { path: 'sources/b/c.bin' } })
    expect(Object.keys(described(target)).sort()).toEqual(['', 'sources', 'sources/b', 'sources/b/c.bin'])
    await repository.restore('latest', { to: target, overwrite: 'always' })
    expect(readFileSync(`${target}/sources/b/c.bin`).equals(content(1_500_000))).toBe(true)
  })

  it('keeps what is there as it should be', async () => {
    const { repository, sources } = await backedUp()
    const target = folder.at('restored')
    const { entries } = await repository.restore('latest', { to: target })
    const again = await repository.restore('latest', { to: target })
    expect(again).toMatchObject({ entries, bytes: 0, problems: [] })
    expect(again.kept).toBeGreaterThan(3)
    expect(below(described(target), 'sources')).toEqual(described(sources))
  })

  it('row 24: never follows a link that was planted in the target', async () => {
    const { repository } = await backedUp()
    const target = folder.at('restored')
    mkdirSync(`${target}/sources`, { recursive: true })
    mkdirSync(folder.at('elsewhere'))
    symlinkSync(folder.at('elsewhere'), `${target}/sources/b`)
    for (const overwrite of ['never', 'always'] as const) {
      const failure = await rejectionOf(repository.restore('latest', { to: target, overwrite }))
      expect(['TARGET_EXISTS', 'TARGET_UNSAFE']).toContain(failure.code)
      expect(readdirSync(folder.at('elsewhere'))).toEqual([])
    }
  })

  it('finds a snapshot by its id, the beginning of that, or itself', async () => {
    const { repository, sources } = await backedUp()
    writeFileSync(`${sources}/a.txt`, 'changed')
    const { snapshot } = await repository.backup(sources)
    writeFileSync(`${sources}/a.txt`, 'changed again')
    await repository.backup(sources)
    for (const reference of [snapshot, snapshot.id, snapshot.id.slice(0, 8)]) {
      const target = folder.fresh()
      const result = await repository.restore(reference, { to: target, paths: ['sources/a.txt'] })
      expect(result.snapshot).toEqual(snapshot)
      expect(readFileSync(`${target}/sources/a.txt`, 'utf8')).toBe('changed')
    }
    for (const reference of ['0'.repeat(32), 'zz', '', snapshot.id.slice(0, 3)]) {
      const failure = await rejectionOf(repository.restore(reference, { to: folder.fresh() }))
      expect(failure, reference).toMatchObject({ name: 'UsageError' })
    }
  })

  it('to where nothing can be written names the step that failed', async () => {
    const { repository } = await backedUp()
    const failure = await rejectionOf(repository.restore('latest', { to: `${folder.file('no folder')}/below` }))
    expect(failure).toMatchObject({ name: 'FileError' })
    expect(failure.message).not.toContain(folder.path)
  })

  it('takes its target as text, URL or bytes', async () => {
    const { repository } = await backedUp()
    const targets = [
      folder.at('as text'),
      new URL(`file://${folder.path.replaceAll(' ', '%20')}/url`),
      Buffer.from(folder.at('bytes')),
    ]
    for (const to of targets) await repository.restore('latest', { to })
    for (const name of ['as text', 'url', 'bytes']) expect(existsSync(folder.at(`${name}/sources/a.txt`))).toBe(true)
  })

  it('row 28, row 29: that was aborted is finished by the next one', async () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n}.bin`, content(900_000, n)]))
    const sources = place.sources(files)
    utimesSync(`${sources}/3.bin`, 5, 5)
    const repository = await place.create()
    await repository.backup(sources)
    const target = folder.at('restored')
    const controller = new AbortController()
    const stop = new Error('enough')
    const onProgress = ({ bytes }: { bytes: number }): void => {
      if (bytes > 0) controller.abort(stop)
    }
    const first = repository.restore('latest', { to: target, signal: controller.signal, onProgress })
    await first.then(
      () => {},
      (thrown: unknown) => expect(thrown).toBe(stop),
    )
    await repository.restore('latest', { to: target })
    expect(below(described(target), 'sources')).toEqual(described(sources))
  })
})
