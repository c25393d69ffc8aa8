import { readFileSync } from 'node:fs'
import { Decrypter, Encrypter } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { generateKey, openFile, openKey, parseKey, password, sealFile, sealKey, verifyFile } from '../../ts/index.ts'
import { rejectionOf } from './failure.ts'
import { testFolder } from './folder.ts'

const DIGITS = '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210'
const X25519 = {
  recipient: 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
  identity: 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
} as const
const folder = testFolder()
const cheap = (text: string) => password(text, { cost: 'interactive' })

describe('several recipients', () => {
  it('each open the file', async () => {
    const [first, second, secret] = [generateKey(), generateKey(), cheap('correct horse')]
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: [first, secret, second.recipient] })
    for (const identity of [first, second, secret, second.identity()]) {
      expect(await verifyFile(sealed, { with: identity })).toMatchObject({ bytes: 7 })
    }
  })

  it('can be tried in a row when opening, wrong ones first', async () => {
    const [right, sealed] = [generateKey(), folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: right })
    await verifyFile(sealed, { with: [generateKey(), cheap('battery staple'), right] })
  })

  it.each([
    ['none', () => []],
    ['two passwords', () => [cheap('correct horse'), cheap('battery staple')]],
    ['a key beside a classical recipient', () => [generateKey(), X25519.recipient]],
    ['a password beside a classical recipient', () => [cheap('correct horse'), X25519.recipient]],
    ['65 keys', () => Array.from({ length: 65 }, generateKey)],
    ['a recipient with a typing error', () => [X25519.recipient.replace('zvk', 'zvq') as 'age1'] as const],
    ['an age plugin', () => ['age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t'] as const],
    ['a closed key', () => [closed(generateKey())]],
    ['a closed password', () => [closed(cheap('correct horse'))]],
    ['a bare password', () => ['correct horse'] as never],
    ['nothing', () => undefined as never],
    ['an object', () => ({}) as never],
  ])('that are %s are INVALID_ARGUMENT', async (_, to) => {
    const source = folder.file('content')
    const target = folder.fresh()
    const error = await folder.unchangedBy(async () => sealFile(source, target, { to: to() }), 'INVALID_ARGUMENT')
    expect(JSON.stringify(error)).not.toContain('horse')
  })

  it.each([
    ['none', () => []],
    ['an unknown identity', () => X25519.identity.replace('KEY-', 'KEY-OTHER-') as 'AGE-SECRET-KEY-1'],
    ['a closed key', () => closed(generateKey())],
    ['a recipient', () => X25519.recipient as never],
    ['a bare password', () => 'correct horse' as never],
  ])('to open with that are %s are INVALID_ARGUMENT', async (_, identities) => {
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: generateKey() })
    const error = await folder.unchangedBy(
      async () => openFile(sealed, folder.fresh(), { with: identities() }),
      'INVALID_ARGUMENT',
    )
    expect(JSON.stringify(error)).not.toMatch(/horse|GFPYY/)
  })

  it('to open with that have a typing error are KEY_CHECK', async () => {
    const typed = X25519.identity.replace('PYYS', 'PYYQ') as 'AGE-SECRET-KEY-1'
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: generateKey() })
    const error = await folder.unchangedBy(() => openFile(sealed, folder.fresh(), { with: typed }), 'KEY_CHECK')
    expect(JSON.stringify(error)).not.toContain('GFPYY')
  })

  it('may be closed once the call has begun', async () => {
    const [key, sealed] = [generateKey(), folder.fresh()]
    const copy = parseKey(key.identity())
    const sealing = sealFile(folder.file('content'), sealed, { to: key })
    key.close()
    await sealing
    const verifying = verifyFile(sealed, { with: copy })
    copy.close()
    expect(await verifying).toMatchObject({ bytes: 7 })
  })
})

describe('the wrong credential', () => {
  it('row 10: a password that looks like a key is tried as a password only', async () => {
    const [key, sealed] = [parseKey(DIGITS), folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: key })
    const asPassword = await rejectionOf(verifyFile(sealed, { with: cheap(DIGITS) }))
    expect(asPassword).toMatchObject({ code: 'NO_SUCH_SLOT', details: { available: ['key'], looksLike: 'key' } })
    const kept = await sealKey(key, cheap('correct horse'))
    const wrong = await rejectionOf(openKey(kept, cheap(DIGITS)))
    expect(wrong).toMatchObject({ code: 'WRONG_CREDENTIAL', details: { tried: ['password'], looksLike: 'key' } })
  })

  it('row 10: a key whose digits are the password is tried as a key only', async () => {
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: cheap(DIGITS) })
    const error = await rejectionOf(verifyFile(sealed, { with: parseKey(DIGITS) }))
    expect(error).toMatchObject({ code: 'NO_SUCH_SLOT', details: { tried: ['key'], available: ['password'] } })
    expect(await verifyFile(sealed, { with: cheap(DIGITS) })).toMatchObject({ bytes: 7 })
  })

  it('row 11: a key whose digits are all equal is KEY_WEAK to seal to and opens', async () => {
    const weak = parseKey('7'.repeat(64))
    const source = folder.file('content')
    await folder.unchangedBy(() => sealFile(source, folder.fresh(), { to: weak }), 'KEY_WEAK')
    const foreign = new Encrypter()
    foreign.addRecipient(weak.recipient)
    const sealed = folder.file(await foreign.encrypt('content'))
    expect(await verifyFile(sealed, { with: weak })).toMatchObject({ bytes: 7 })
  })

  it('row 12: a wrong key or password on an intact file is WRONG_CREDENTIAL, and nothing is written', async () => {
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: [generateKey(), cheap('correct horse')] })
    const [target, wrong] = [folder.fresh(), [generateKey(), cheap('battery staple')] as const]
    for (const [identities, tried] of [
      [wrong[0], ['key']],
      [wrong[1], ['password']],
      [wrong, ['password', 'key']],
    ] as const) {
      const error = await folder.unchangedBy(() => openFile(sealed, target, { with: identities }), 'WRONG_CREDENTIAL')
      expect(new Set((error as { details: { tried: string[] } }).details.tried)).toEqual(new Set(tried))
    }
  })

  it('row 12: of a kind that the file has no stanza for is NO_SUCH_SLOT and names the kinds that open it', async () => {
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: generateKey() })
    const work = () => openFile(sealed, folder.fresh(), { with: cheap('correct horse') })
    expect(await folder.unchangedBy(work, 'NO_SUCH_SLOT')).toMatchObject({
      details: { tried: ['password'], available: ['key'] },
    })
  })
})

describe('a classical age identity', () => {
  it('opens what was sealed to its recipient, here and elsewhere', async () => {
    const [sealed, opened] = [folder.fresh(), folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: X25519.recipient })
    await openFile(sealed, opened, { with: X25519.identity })
    expect(readFileSync(opened, 'utf8')).toBe('content')
    const elsewhere = new Decrypter()
    elsewhere.addIdentity(X25519.identity)
    expect(await elsewhere.decrypt(readFileSync(sealed), 'text')).toBe('content')
  })
})

function closed<T extends { close(): void }>(handle: T): T {
  handle.close()
  return handle
}
