import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { beforeAll, describe, expect, it } from 'vitest'
import { generateKey, inspect, openFile, openKey, password, sealFile, sealKey } from '../../ts/index.ts'
import { SIZES, testFolder } from '../seal/folder.ts'

const age = process.env['HOLDFAST_TEST_AGE'] ?? ''
const folder = testFolder()

beforeAll(() => {
  if (age === '') throw new Error('HOLDFAST_TEST_AGE names no age: run `npm run test:servers`')
})

/** Standard output of a program that must succeed. */
async function run(program: string, args: string[], input: Uint8Array = Buffer.of(), env = {}): Promise<Buffer> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  child.stdin.on('error', () => {}).end(input)
  const [code, output, complaint] = await Promise.all([exit, buffer(child.stdout), buffer(child.stderr)])
  expect(code, complaint.toString()).toBe(0)
  return output
}

describe('with age 1.3', () => {
  it.each(SIZES)(
    '%d random bytes sealed here to a 64-digit key open there with the key as identity file',
    async (size) => {
      const [key, plain, sealed] = [generateKey(), randomBytes(size), folder.fresh()]
      await sealFile(folder.file(plain), sealed, { to: key })
      const identity = folder.file(`${key.identity()}\n`)
      expect((await run(age, ['-d', '-i', identity, sealed])).equals(plain)).toBe(true)
    },
  )

  it.each(SIZES)('%d random bytes sealed there to the recipient of a 64-digit key open here', async (size) => {
    const [key, plain, opened] = [generateKey(), randomBytes(size), folder.fresh()]
    const sealed = await run(age, ['-r', key.recipient], plain)
    await openFile(folder.file(sealed), opened, { with: key })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })

  it.each(SIZES)('%d random bytes armored there open here', async (size) => {
    const [key, plain, opened] = [generateKey(), randomBytes(size), folder.fresh()]
    const sealed = await run(age, ['-a', '-r', key.recipient], plain)
    expect(sealed.subarray(0, 34).toString()).toBe('-----BEGIN AGE ENCRYPTED FILE-----')
    await openFile(folder.file(sealed), opened, { with: key })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })

  it.each([
    ['hybrid', ['-pq'], 'mlkem768x25519'],
    ['classical', [], 'x25519'],
  ])('an identity made there opens here and there, %s', async (_, args, kind) => {
    const text = (await run(`${age}-keygen`, args)).toString()
    const identity = (/^AGE-SECRET-KEY-\S+$/m.exec(text)?.[0] ?? '') as 'AGE-SECRET-KEY-'
    const recipient = (/age1\S+/.exec(text)?.[0] ?? '') as 'age1'
    const [plain, sealed, opened] = [randomBytes(200_000), folder.fresh(), folder.fresh()]
    await sealFile(folder.file(plain), sealed, { to: recipient })
    expect((await inspect(sealed)).stanzas.map((stanza) => stanza.kind)).toEqual([kind])
    expect((await run(age, ['-d', '-i', folder.file(text), sealed])).equals(plain)).toBe(true)
    const there = folder.file(await run(age, ['-r', recipient], plain))
    await openFile(there, opened, { with: identity })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })

  it('a file for several 64-digit keys opens there with each', async () => {
    const [keys, plain, sealed] = [[generateKey(), generateKey()], randomBytes(1000), folder.fresh()]
    await sealFile(folder.file(plain), sealed, { to: keys })
    for (const key of keys) {
      const opened = await run(age, ['-d', '-i', folder.file(key.identity()), sealed])
      expect(opened.equals(plain)).toBe(true)
    }
  })

  it('a file sealed there with a password opens here', async () => {
    const [plain, opened] = [randomBytes(200_000), folder.fresh()]
    const env = { AGE_PASSPHRASE: 'correct horse', PATH: `${dirname(age)}:${process.env['PATH']}` }
    const sealed = folder.fresh()
    writeFileSync(sealed, await run(age, ['-e', '-j', 'batchpass'], plain, env))
    expect((await inspect(sealed)).stanzas).toMatchObject([{ kind: 'scrypt' }])
    await openFile(sealed, opened, { with: password('correct horse') })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })

  it('a 64-digit key that was kept under a password opens there what it sealed', async () => {
    const [key, secret, plain, sealed] = [generateKey(), password('correct horse'), randomBytes(1000), folder.fresh()]
    await sealFile(folder.file(plain), sealed, { to: key })
    const again = await openKey(await sealKey(key, secret), secret)
    expect((await run(age, ['-d', '-i', folder.file(again.identity()), sealed])).equals(plain)).toBe(true)
  })
})
