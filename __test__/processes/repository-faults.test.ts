import { readdirSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RecoveryKey } from '../../ts/index.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content, testFolder } from '../seal/folder.ts'
import { type Faults, PackageCopy } from './package-copy.ts'

const folder = testFolder()
const copy = new PackageCopy('faults')

let api: Awaited<ReturnType<PackageCopy['index']>>
let faults: Faults
let key: RecoveryKey

beforeAll(async () => {
  api = await copy.index()
  faults = copy.addon()
  key = api.generateKey()
})

afterEach(() => {
  faults.faultReset()
})

afterAll(() => copy.remove())

describe('a repository, when the random generator fails', () => {
  it('row 35: is not made', async () => {
    faults.faultRandom(true)
    const making = api.createRepository(api.localFolder(folder.at('store')), { to: key, stateDir: null })
    expect(await rejectionOf(making)).toMatchObject({ code: 'INTERNAL', safe: true })
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('row 35: gets no snapshot, loses none, and is whole afterwards', async () => {
    const store = api.localFolder(folder.at('store'))
    const source = folder.file(content(300_000))
    await using repository = await api.createRepository(store, { to: key, stateDir: folder.at('state') })
    const { id } = await repository.backup(source)
    const files = (): string[] => readdirSync(folder.at('store'), { recursive: true, encoding: 'utf8' }).sort()
    const before = files()
    faults.faultRandom(true)
    expect(await rejectionOf(repository.backup(folder.file('more')))).toMatchObject({ code: 'INTERNAL' })
    expect(await rejectionOf(repository.credentials.add(api.parseKey(`${'7'.repeat(63)}8`)))).toMatchObject({
      code: 'INTERNAL',
    })
    expect(files()).toEqual(before)
    faults.faultReset()
    await repository.backup(source)
    await repository.restore(id, { to: folder.at('restored') })
    expect(await repository.check({ read: 'all' })).toMatchObject({ ok: true, snapshots: 2 })
  })
})
