import { describe, expect, it } from 'vitest'
import { createRepository, generateKey, localFolder, parseKey, password } from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'
import { rejectionOf } from '../seal/failure.ts'
import { all, key, testPlace } from './place.ts'

const place = testPlace()
const { folder } = place
const secret = (): ReturnType<typeof password> => password('correct horse', { cost: 'interactive' })
const other = (): ReturnType<typeof password> => password('battery staple', { cost: 'interactive' })

describe('a repository', () => {
  it('opens with each of its credentials, and tries several in turn', async () => {
    const store = new Memory()
    const made = await place.create(store, { to: [secret(), key], label: 'first' })
    expect(made).toMatchObject({ epoch: 1, isProtected: true, warnings: [] })
    for (const credential of [secret(), key, [generateKey(), key], [other(), secret()], [generateKey(), secret()]]) {
      const { id } = await place.open(store, { with: credential })
      expect(id).toBe(made.id)
    }
  })

  it('does not open with another one, and says which kinds would', async () => {
    const store = new Memory()
    await place.create(store)
    const wrong = await rejectionOf(place.open(store, { with: generateKey() }))
    expect(wrong).toMatchObject({ name: 'CredentialError', code: 'WRONG_CREDENTIAL', details: { tried: ['key'] } })
    for (const none of [{ with: secret() }, { with: undefined }]) {
      const missing = await rejectionOf(place.open(store, none))
      expect(missing).toMatchObject({ name: 'CredentialError', code: 'NO_SUCH_SLOT', details: { available: ['key'] } })
    }
  })

  it('row 50: with a damaged slot is no wrong credential', async () => {
    const store = new Memory()
    await place.create(store)
    const [slot = ''] = [...store.objects.keys()].filter((name) => name.includes('/keyring/'))
    const bytes = store.bytes(slot).slice()
    bytes[500] = (bytes[500] ?? 0) ^ 1
    store.plant(slot, bytes)
    for (const credential of [key, generateKey()]) {
      const failure = await rejectionOf(place.open(store, { with: credential }))
      expect(failure).toMatchObject({ name: 'IntegrityError', code: 'OBJECT_MISMATCH', details: { object: slot } })
    }
  })

  it('is made once, and found only where one is', async () => {
    const store = new Memory()
    expect(await rejectionOf(place.open(store))).toMatchObject({ name: 'FormatError', code: 'NOT_A_REPOSITORY' })
    await place.create(store)
    const twice = await rejectionOf(place.create(store))
    expect(twice).toMatchObject({ code: 'OBJECT_EXISTS', details: { destination: 'memory' } })
    const elsewhere = localFolder(folder.at('nothing here'))
    expect(await rejectionOf(place.open(elsewhere))).toMatchObject({ code: 'NOT_A_REPOSITORY' })
  })

  it('can be made without protection, when that is said', async () => {
    const store = new Memory()
    const made = await place.create(store, { unprotected: true })
    expect(made.isProtected).toBe(false)
    await made.backup(place.sources({ 'a.txt': 'a' }))
    const again = await place.open(store, { with: undefined })
    expect(again).toMatchObject({ isProtected: false, id: made.id })
    await again.restore('latest', { to: folder.fresh() })
    expect(await again.credentials.list()).toEqual([])
    expect(await rejectionOf(again.credentials.add(key))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await rejectionOf(place.open(store))).toMatchObject({ code: 'PROTECTION_DOWNGRADED' })
  })

  it('takes arguments of the right types only', async () => {
    const store = new Memory()
    const closed = generateKey()
    closed.close()
    const wrong = [
      () => place.create(store, { to: 'hunter2' as never }),
      () => place.create(store, { to: [] }),
      () => place.create(store, { to: closed }),
      () => place.create(store, { to: undefined as never }),
      () => place.create(store, { to: key, unprotected: true } as never),
      () => place.create(store, { unprotected: 'yes' } as never),
      () => place.create(store, { label: 7 } as never),
      () => createRepository({} as never, { to: key }),
      () => place.create(store, { stateDir: 7 as never }),
      () => place.open(store, { with: 'hunter2' as never }),
      () => place.open(store, { acceptRollback: 1 as never }),
    ]
    for (const call of wrong)
      expect(await rejectionOf(call()), call.toString()).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(store.objects.size).toBe(0)
    expect(await rejectionOf(place.create(store, { to: password('short') }))).toMatchObject({ code: 'PASSWORD_LENGTH' })
    expect(await rejectionOf(place.create(store, { to: parseKey('7'.repeat(64)) }))).toMatchObject({ code: 'KEY_WEAK' })
  })
})

describe('the keyring', () => {
  it('lists, adds, changes and removes', async () => {
    const store = new Memory()
    const repository = await place.create(store)
    const { credentials } = repository
    const [first] = await credentials.list()
    expect(first).toMatchObject({ kind: 'key', name: expect.stringMatching(/^e1\/keyring\/key-[0-9a-f]{64}\.age$/) })
    expect(first?.created).toBeInstanceOf(Date)
    const added = await credentials.add(secret(), { label: 'of the family' })
    expect((await credentials.list()).map(({ kind }) => kind).sort()).toEqual(['key', 'password'])
    expect((await place.open(store, { with: secret() })).id).toBe(repository.id)
    expect(await rejectionOf(credentials.add(secret()))).toMatchObject({ code: 'INVALID_ARGUMENT' })

    const changed = await credentials.change(secret(), other())
    expect(changed).not.toBe(added)
    expect(await rejectionOf(place.open(store, { with: secret() }))).toMatchObject({ code: 'WRONG_CREDENTIAL' })
    expect((await place.open(store, { with: other() })).id).toBe(repository.id)
    expect(await rejectionOf(credentials.change(secret(), generateKey()))).toMatchObject({ code: 'WRONG_CREDENTIAL' })

    expect(await rejectionOf(credentials.remove('e1/keyring/none', { own: key }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await rejectionOf(credentials.remove(first?.name ?? '', { own: key }))).toMatchObject({ code: 'LAST_SLOT' })
    await credentials.remove(changed, { own: key })
    expect((await credentials.list()).map(({ name }) => name)).toEqual([first?.name])
    const last = await rejectionOf(credentials.remove(first?.name ?? '', { own: key }))
    expect(last).toMatchObject({ name: 'CredentialError', code: 'LAST_SLOT' })
    expect((await place.open(store)).id).toBe(repository.id)
  })

  it('takes one credential at a time', async () => {
    const { credentials } = await place.create()
    const wrong = [
      () => credentials.add([key, secret()] as never),
      () => credentials.add(undefined as never),
      () => credentials.add('hunter2' as never),
      () => credentials.change(key, [] as never),
      () => credentials.remove('x', {} as never),
      () => credentials.remove(7 as never, { own: key }),
      () => credentials.add(secret(), { label: 'x'.repeat(257) }),
    ]
    for (const call of wrong)
      expect(await rejectionOf(call()), call.toString()).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('row 42: and a backup at once do each other no harm', async () => {
    const store = new Memory()
    const repository = await place.create(store)
    const sources = place.sources({ 'a.txt': 'a' })
    await Promise.all([repository.backup(sources), repository.credentials.add(secret())])
    const again = await place.open(store, { with: secret() })
    expect(await all(again.snapshots())).toHaveLength(1)
    expect((await again.check({ read: 'all' })).ok).toBe(true)
  })
})
