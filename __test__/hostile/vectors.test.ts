import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type AnyHoldfastError,
  type Destination,
  isHoldfastError,
  openRepository,
  type Repository,
  type RestoreResult,
} from '../../ts/index.ts'
import { sha256 } from '../destinations/bodies.ts'
import { testFolder } from '../seal/folder.ts'
import { altered, credentialOf, golden, hostile, isWhole, memoryOf, restoredTree, type Variant } from './golden.ts'

const GOOD = ['good-key', 'good-open', 'good-pages', 'good-password', 'good-two-snapshots']

/** What may show only when the blocks of a file are read, when its folder has been made. */
const LATE = ['BLOCK_MISMATCH', 'OBJECT_MISMATCH']

const { base, variants } = hostile()
const folder = testFolder()

describe.each(GOOD)('the repository %s of another implementation', (name) => {
  const expected = golden(name)

  it('restores exactly, and is listed as it is', async () => {
    const repository = await openRepository(memoryOf(name), { with: credentialOf(expected), stateDir: null })
    expect(repository).toMatchObject({ id: expected.repository, epoch: 1, isProtected: expected.credential !== null })
    const ids: string[] = []
    for await (const { id } of repository.snapshots()) ids.push(id)
    expect(ids.sort()).toEqual(expected.snapshots.map(({ id }) => id).sort())
    for (const snapshot of expected.snapshots) {
      const result = await repository.restore(snapshot.id, { to: folder.at(snapshot.id) })
      const { entries, bytes } = snapshot
      expect(result).toMatchObject({ entries, bytes, kept: 0, complete: true, problems: [], warnings: [] })
      isWhole(folder.at(snapshot.id), snapshot)
    }
    expect((await repository.restore('latest', { to: folder.at(expected.latest) })).snapshot.id).toBe(expected.latest)
    expect(repository.warnings).toEqual([])
    await repository.close()
  })

  it.each(['none', '50%', 'all'] as const)('is whole when %s of it is read', async (read) => {
    const repository = await openRepository(memoryOf(name), { with: credentialOf(expected), stateDir: null })
    const report = await repository.check({ read })
    expect(report).toMatchObject({ ok: true, problems: [], snapshots: expected.snapshots.length })
    if (read === 'all') expect(report.packs).toBe(Object.keys(expected.packs).length)
    if (read === 'none') expect(report.packs).toBe(0)
    await repository.close()
  })
})

describe('row 48: the hostile repository', () => {
  const expected = golden(base)
  const snapshotOf = (id: string) => expected.snapshots.find((snapshot) => snapshot.id === id)

  /** Opens the store as the variant says, and restores a snapshot. */
  async function restored(variant: Variant, snapshot: string, to: string, partial = false): Promise<Outcome> {
    const stateDir = variant.pin === undefined ? null : pinned(variant.pin)
    const work = (store: Destination) => restoreFrom(store, stateDir, variant.check === true, { snapshot, to, partial })
    return work(altered(base, variant.operations))
  }

  async function restoreFrom(
    store: Destination,
    stateDir: string | null,
    isChecked: boolean,
    { snapshot, to, partial }: { snapshot: string; to: string; partial: boolean },
  ): Promise<Outcome> {
    let repository: Repository | undefined
    try {
      repository = await openRepository(store, { with: credentialOf(expected), stateDir })
      const [problem] = isChecked ? (await repository.check({ read: 'all' })).problems : []
      if (problem) return { code: problem.code, told: [] }
      const result = await repository.restore(snapshot, { to, partial })
      return { code: null, result, told: codes([...repository.warnings, ...result.warnings]) }
    } catch (thrown) {
      if (!isHoldfastError(thrown)) throw thrown
      expect(thrown.code).not.toBe('INTERNAL')
      return { code: thrown.code, told: [] }
    } finally {
      await repository?.close()
    }
  }

  /** A state folder that has this pin. */
  function pinned(pin: object): string {
    const stateDir = folder.fresh()
    mkdirSync(join(stateDir, expected.repository), { recursive: true })
    const line = JSON.stringify(pin)
    writeFileSync(join(stateDir, expected.repository, 'pin.json'), `${line}\n${sha256(Buffer.from(line))}\n`)
    return stateDir
  }

  it.each(variants)('$number, $name, gives its code and restores what it must', async (variant) => {
    const latest = await restored(variant, 'latest', folder.at('latest'))
    expect(latest.code).toBe(variant.code)
    if (latest.result) {
      expect(latest.told).toEqual(codes(variant.reports.map((code) => ({ code }))))
      expect(latest.result).toMatchObject({ entries: variant.entries, snapshot: { id: variant.latest } })
    } else if (LATE.includes(latest.code ?? '') && existsSync(folder.at('latest'))) {
      const left = [...restoredTree(folder.at('latest')).values()]
      expect(left.filter((entry) => !entry.startsWith('directory'))).toEqual([])
    } else {
      expect(existsSync(folder.at('latest')), 'something was written').toBe(false)
    }
    for (const [id, code] of Object.entries(variant.restores)) {
      expect((await restored(variant, id, folder.at(id))).code, id).toBe(code)
      if (code === null) isWhole(folder.at(id), snapshotOf(id))
    }
  })

  it.each(variants.filter(({ partial }) => partial))('$number, $name, restores what there is', async (variant) => {
    const { snapshot = '', restored: entries, lost } = variant.partial ?? {}
    const { result } = await restored(variant, snapshot, folder.at('part'), true)
    expect(result).toMatchObject({ entries, complete: false })
    const told = result?.problems.map(({ code, details }) => ({ code, path: pathIn(details) }))
    expect(told).toEqual(lost)
    expect(restoredTree(folder.at('part')).size).toBe(entries)
  })

  it('is there in ninety variants', () => {
    expect(variants).toHaveLength(90)
  })
})

interface Outcome {
  readonly code: string | null
  readonly result?: RestoreResult
  readonly told: readonly string[]
}

const codes = (errors: readonly Pick<AnyHoldfastError, 'code'>[] | readonly { code: string }[]): string[] =>
  [...new Set(errors.map(({ code }) => code))].sort()

const pathIn = (details: object): readonly string[] | undefined =>
  'path' in details ? String(details.path).split('/') : undefined
