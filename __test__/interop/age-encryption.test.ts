import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  armor,
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { generateKey, inspect, openFile, password, sealFile } from '../../ts/index.ts'
import { rejectionOf } from '../seal/failure.ts'
import { SIZES, testFolder } from '../seal/folder.ts'

type AnyIdentity = `AGE-SECRET-KEY-${string}`

const folder = testFolder()

/** What age-encryption opens `sealed` to. */
async function openedThere(sealed: Uint8Array, identity: string): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  return decrypter.decrypt(sealed)
}

async function sealedThere(plain: Uint8Array, recipient: string): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(recipient)
  return encrypter.encrypt(plain)
}

async function openedHere(
  sealed: Uint8Array | string,
  identity: Parameters<typeof openFile>[2]['with'],
): Promise<Buffer> {
  const opened = folder.fresh()
  await openFile(folder.file(sealed), opened, { with: identity, sync: false })
  return readFileSync(opened)
}

describe('with the npm package age-encryption', () => {
  it.each(SIZES)('%d random bytes sealed here to a 64-digit key open there', async (size) => {
    const [key, plain, sealed] = [generateKey(), randomBytes(size), folder.fresh()]
    await sealFile(folder.file(plain), sealed, { to: key, sync: false })
    expect(Buffer.from(await openedThere(readFileSync(sealed), key.identity())).equals(plain)).toBe(true)
  })

  it.each(SIZES)('%d random bytes sealed there to a 64-digit key open here', async (size) => {
    const [key, plain] = [generateKey(), randomBytes(size)]
    expect((await openedHere(await sealedThere(plain, key.recipient), key)).equals(plain)).toBe(true)
  })

  it('identities made there open here, and recipients seal, hybrid and classical', async () => {
    const plain = randomBytes(100_000)
    for (const identity of [await generateHybridIdentity(), await generateX25519Identity()] as AnyIdentity[]) {
      const recipient = (await identityToRecipient(identity)) as `age1${string}`
      expect((await openedHere(await sealedThere(plain, recipient), identity)).equals(plain)).toBe(true)
      const sealed = folder.fresh()
      await sealFile(folder.file(plain), sealed, { to: recipient, sync: false })
      expect(Buffer.from(await openedThere(readFileSync(sealed), identity)).equals(plain)).toBe(true)
    }
  })

  it('a file made there for several recipients opens here with each', async () => {
    const [key, other, plain] = [generateKey(), generateKey(), randomBytes(1000)]
    const encrypter = new Encrypter()
    for (const { recipient } of [key, other]) encrypter.addRecipient(recipient)
    const sealed = await encrypter.encrypt(plain)
    for (const identity of [key, other]) expect((await openedHere(sealed, identity)).equals(plain)).toBe(true)
  })

  it('a password file made there opens here, and a wrong password is WRONG_CREDENTIAL', async () => {
    const encrypter = new Encrypter()
    encrypter.setPassphrase('correct horse')
    encrypter.setScryptWorkFactor(12)
    const plain = randomBytes(70_000)
    const sealed = await encrypter.encrypt(plain)
    expect((await openedHere(sealed, password('correct horse'))).equals(plain)).toBe(true)
    const wrong = openFile(folder.file(sealed), folder.fresh(), { with: password('battery staple') })
    expect((await rejectionOf(wrong)).code).toBe('WRONG_CREDENTIAL')
    const asKey = openFile(folder.file(sealed), folder.fresh(), { with: generateKey() })
    expect(await rejectionOf(asKey)).toMatchObject({ code: 'NO_SUCH_SLOT', details: { available: ['password'] } })
    expect((await inspect(folder.file(sealed))).stanzas).toEqual([{ kind: 'scrypt', tag: 'scrypt', logN: 12 }])
  })

  it('a password file made there with a password that is not normalised opens here with it as typed', async () => {
    const typed = 'Zoë lügt öfter'.normalize('NFD')
    const encrypter = new Encrypter()
    encrypter.setPassphrase(typed)
    encrypter.setScryptWorkFactor(10)
    const sealed = await encrypter.encrypt('content')
    expect((await openedHere(sealed, password(typed))).toString()).toBe('content')
  })

  it.each(SIZES)('%d random bytes armored there open here', async (size) => {
    const [key, plain] = [generateKey(), randomBytes(size)]
    const text = armor.encode(await sealedThere(plain, key.recipient))
    expect((await openedHere(text, key)).equals(plain)).toBe(true)
    expect(await inspect(folder.file(text))).toMatchObject({ armored: true })
  })
})
