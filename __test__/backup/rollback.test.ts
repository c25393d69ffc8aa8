import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Repository } from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'
import { rejectionOf } from '../seal/failure.ts'
import { all, testPlace } from './place.ts'

const place = testPlace()
const { folder } = place

/** A repository of two snapshots, and what its destination held after the first. */
async function older(): Promise<{ store: Memory; before: Memory; repository: Repository; sources: string }> {
  const store = new Memory()
  const sources = place.sources({ 'a.txt': 'a' })
  const repository = await place.create(store)
  await repository.backup(sources)
  const before = store.copy()
  await repository.backup(sources)
  return { store, before, repository, sources }
}

describe('row 41, row 48: a destination that shows an older state', () => {
  it('is suspected by whoever has seen the newer one', async () => {
    const { before, sources } = await older()
    const outcome = await place.open(before).catch((failure: unknown) => failure)
    if (outcome instanceof Error) return expect(outcome).toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
    const repository = outcome as Repository
    const calls = [
      () => repository.restore('latest', { to: folder.fresh() }),
      () => repository.backup(sources),
      () => all(repository.list('latest')),
      () => all(repository.snapshots()),
      () => repository.openFile('latest', 'sources/a.txt'),
    ]
    for (const call of calls) {
      const failure = await rejectionOf(call())
      expect(failure, call.toString()).toMatchObject({ name: 'IntegrityError', code: 'ROLLBACK_SUSPECTED' })
    }
    const { ok, problems } = await repository.check()
    expect(ok).toBe(false)
    expect(problems.map(({ code }) => code)).toContain('ROLLBACK_SUSPECTED')
  })

  it('is suspected while it is open, by what this very program saw', async () => {
    const { store, before, repository } = await older()
    store.objects.clear()
    for (const [name, stored] of before.objects) store.objects.set(name, stored)
    expect(await rejectionOf(repository.restore('latest', { to: folder.fresh() }))).toMatchObject({
      code: 'ROLLBACK_SUSPECTED',
    })
  })

  it('can be accepted, and is then believed from now on', async () => {
    const { before, sources } = await older()
    const accepted = await place.open(before, { acceptRollback: true })
    expect(await all(accepted.snapshots())).toHaveLength(1)
    await accepted.restore('latest', { to: folder.fresh() })
    await accepted.backup(sources)
    await accepted.close()
    const again = await place.open(before)
    expect(await all(again.snapshots())).toHaveLength(2)
  })

  it('is not noticed without state', async () => {
    const { before, repository } = await older()
    await repository.close()
    rmSync(place.state, { recursive: true })
    const forgetful = await place.open(before)
    expect(await all(forgetful.snapshots())).toHaveLength(1)
    const stateless = await place.open(before, { stateDir: null })
    expect(await all(stateless.snapshots())).toHaveLength(1)
  })

  it('lacks one snapshot that others name', async () => {
    const { store, before, repository } = await older()
    await repository.close()
    const [name = ''] = [...before.objects.keys()].filter((path) => path.includes('/snapshots/'))
    store.objects.delete(name)
    rmSync(place.state, { recursive: true })
    const outcome = await place
      .open(store)
      .then(
        (open) => all(open.snapshots()),
        (failure: unknown) => Promise.reject(failure),
      )
      .catch((failure: unknown) => failure)
    expect(outcome).toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
  })
})

describe('row 48: a destination that says protection is off', () => {
  /** As if the repository of this name were one without protection. */
  async function downgraded(store: Memory): Promise<void> {
    const open = new Memory()
    const made = await place.create(open, { unprotected: true, stateDir: null })
    await made.close()
    for (const [name, stored] of open.objects) if (name.endsWith('open.json')) store.objects.set(name, stored)
  }

  it('is believed by nobody who has a credential, or has seen it protected', async () => {
    const { store, repository } = await older()
    await downgraded(store)
    await repository.close()
    for (const how of [{}, { with: undefined }]) {
      const failure = await rejectionOf(place.open(store, how))
      expect(failure).toMatchObject({ name: 'IntegrityError', code: 'PROTECTION_DOWNGRADED' })
    }
  })
})
