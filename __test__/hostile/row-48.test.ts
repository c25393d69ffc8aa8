import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createRepository,
  generateKey,
  type OpenRepositoryOptions,
  openRepository,
  type RecoveryKey,
  type Repository,
  sealFile,
} from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content, testFolder } from '../seal/folder.ts'

const folder = testFolder()

let key: RecoveryKey
let store: Memory
/** The snapshots, oldest first. */
let ids: string[]
/** What the store held when the first of them was made. */
let old: Map<string, Uint8Array>

/** A repository with two snapshots of one file. */
beforeEach(async () => {
  key = generateKey()
  store = new Memory()
  ids = []
  await using repository = await createRepository(store, { to: key, stateDir: null })
  for (const seed of [1, 2]) {
    writeFileSync(folder.at('file'), content(20_000, seed))
    if (seed === 2) old = new Map([...store.objects].map(([name, { bytes }]) => [name, bytes]))
    ids.push((await repository.backup(folder.at('file'))).id)
  }
})

const open = (options: Partial<OpenRepositoryOptions> = {}): Promise<Repository> =>
  openRepository(store, { with: key, stateDir: null, ...options })

/** Opens it as somebody who sees it for the first time and lists it, so that it is known afterwards. */
async function look(stateDir: string): Promise<void> {
  await using repository = await open({ stateDir })
  for await (const { id } of repository.snapshots()) expect(ids).toContain(id)
}

/** Expects the newest snapshot, as `seed` made it, and nothing said about it. */
async function restoresLatest(repository: Repository, seed = 2): Promise<void> {
  const result = await repository.restore('latest', { to: folder.at('target') })
  expect(result).toMatchObject({ complete: true, warnings: [], snapshot: { id: ids[seed - 1] } })
  expect(readFileSync(folder.at('target/file')).equals(content(20_000, seed))).toBe(true)
}

const namesIn = (kind: string): string[] => [...store.objects.keys()].filter((name) => name.startsWith(`e1/${kind}/`))

describe('row 48: a store that', () => {
  it('plants open.json is PROTECTION_DOWNGRADED, with a credential and without one', async () => {
    const other = new Memory()
    await createRepository(other, { unprotected: true, stateDir: null }).then((made) => made.close())
    await look(folder.at('state'))
    store.plant('e1/keyring/open.json', other.bytes('e1/keyring/open.json'))
    expect(await rejectionOf(open())).toMatchObject({ code: 'PROTECTION_DOWNGRADED' })
    const anybody = { with: undefined, stateDir: folder.at('state') }
    expect(await rejectionOf(open(anybody))).toMatchObject({ code: 'PROTECTION_DOWNGRADED' })
  })

  it('puts an open repository in its place is PROTECTION_DOWNGRADED to who saw the protected one', async () => {
    await look(folder.at('state'))
    const identity = store.bytes('holdfast.json')
    const other = new Memory()
    await createRepository(other, { unprotected: true, stateDir: null }).then((made) => made.close())
    store.objects.clear()
    for (const [name, { bytes }] of other.objects) store.plant(name, bytes)
    store.plant('holdfast.json', identity)
    for (const options of [{}, { with: undefined }]) {
      const refused = await rejectionOf(open({ stateDir: folder.at('state'), ...options }))
      expect(refused).toMatchObject({ code: 'PROTECTION_DOWNGRADED' })
    }
  })

  it('puts back an old state is ROLLBACK_SUSPECTED to who saw the newer one, and to nobody else', async () => {
    await look(folder.at('state'))
    store.objects.clear()
    for (const [name, bytes] of old) store.plant(name, bytes)
    await using pinned = await open({ stateDir: folder.at('state') })
    const restored = pinned.restore('latest', { to: folder.at('nothing') })
    expect(await rejectionOf(restored)).toMatchObject({ code: 'ROLLBACK_SUSPECTED', safe: true })
    await using stranger = await open()
    await restoresLatest(stranger, 1)
  })

  it('puts back an old state while it is in use is ROLLBACK_SUSPECTED, also where no state is kept', async () => {
    await using repository = await open()
    await restoresLatest(repository)
    store.objects.clear()
    for (const [name, bytes] of old) store.plant(name, bytes)
    const backup = repository.backup(folder.at('file'))
    expect(await rejectionOf(backup)).toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
  })

  it('plants a slot made from the recipient is SLOT_FORGED', async () => {
    const { repository } = JSON.parse(Buffer.from(store.bytes('holdfast.json')).toString())
    const record = { type: 'slot', repository, epoch: 1, kind: 'key', secret: '00'.repeat(32), features: [] }
    const mac = randomBytes(32).toString('hex')
    writeFileSync(folder.at('forged'), `${JSON.stringify(record)}\n${mac}\n`.padEnd(2048, '\n'))
    await sealFile(folder.at('forged'), folder.at('slot'), { to: key })
    const bytes = readFileSync(folder.at('slot'))
    const forged = `e1/keyring/key-${createHash('sha256').update(bytes).digest('hex')}.age`
    store.plant(forged, bytes)
    expect(await rejectionOf(open())).toMatchObject({ code: 'SLOT_FORGED', details: { object: forged } })
  })

  it('changes holdfast.json is SLOT_FORGED', async () => {
    const text = Buffer.from(store.bytes('holdfast.json')).toString()
    const digit = /"repository":"(.)/.exec(text)?.[1] === '0' ? '1' : '0'
    store.plant('holdfast.json', Buffer.from(text.replace(/("repository":")./, `$1${digit}`)))
    expect(await rejectionOf(open())).toMatchObject({ code: 'SLOT_FORGED' })
  })

  it.each([['indexes'], ['packs'], ['tombstones'], ['snapshots']])(
    'plants an object in %s that its identity does not open has it reported, and the rest restores',
    async (kind) => {
      writeFileSync(folder.at('plain'), content(5000))
      await sealFile(folder.at('plain'), folder.at('sealed'), { to: generateKey() })
      const bytes = readFileSync(folder.at('sealed'))
      const digest = createHash('sha256').update(bytes).digest('hex')
      const names: Record<string, string> = { packs: `${digest.slice(0, 2)}/${digest}`, indexes: digest }
      const planted = `e1/${kind}/${names[kind] ?? `20300101T000000Z-${digest}`}.age`
      store.plant(planted, bytes)
      await using repository = await open()
      const { ok, problems } = await repository.check({ read: 'all' })
      expect(ok).toBe(false)
      expect(problems).toMatchObject([{ code: 'OBJECT_FORGED', details: { object: planted } }])
      const result = await repository.restore(ids[1] ?? '', { to: folder.at('target') })
      expect(result).toMatchObject({ complete: true })
      expect(readFileSync(folder.at('target/file')).equals(content(20_000, 2))).toBe(true)
    },
  )

  it('copies an old snapshot to a newer name harms nothing', async () => {
    const [first = ''] = namesIn('snapshots')
    store.plant(first.replace(/\d{8}T\d{6}Z/, '20991231T235959Z'), store.bytes(first))
    await using repository = await open()
    await restoresLatest(repository)
    const listed: string[] = []
    for await (const { id } of repository.snapshots()) listed.push(id)
    expect(listed).toEqual([...ids].reverse())
    expect(await repository.check({ read: 'all' })).toMatchObject({ ok: true, problems: [] })
  })

  it('replays a genuine old index, of a pack that is gone, harms nothing', async () => {
    await using repository = await open()
    const [first = ''] = namesIn('indexes')
    const index = store.bytes(first)
    store.objects.delete(first)
    await restoresLatest(repository)
    store.plant(first, index)
    await using again = await open()
    expect(await again.check({ read: 'all' })).toMatchObject({ ok: true, problems: [] })
  })

  it('forgets what it has acknowledged is found out before the snapshot is', async () => {
    await using repository = await open()
    writeFileSync(folder.at('file'), content(20_000, 3))
    const put = store.put.bind(store)
    store.put = async (path, ...rest) => {
      const info = await put(path, ...rest)
      if (path.includes('/packs/')) store.objects.delete(path)
      return info
    }
    expect(await rejectionOf(repository.backup(folder.at('file')))).toMatchObject({ code: 'UPLOAD_MISMATCH' })
    expect(namesIn('snapshots')).toHaveLength(2)
  })

  it('shows nothing at all is ROLLBACK_SUSPECTED to who saw something', async () => {
    await look(folder.at('state'))
    for (const name of [...store.objects.keys()]) if (name.includes('/snapshots/')) store.objects.delete(name)
    await using repository = await open({ stateDir: folder.at('state') })
    expect((await repository.check()).problems).toMatchObject([{ code: 'ROLLBACK_SUSPECTED' }])
    const backup = repository.backup(join(folder.path, 'file'))
    expect(await rejectionOf(backup)).toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
  })
})
