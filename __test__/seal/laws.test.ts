import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  generateKey,
  inspect,
  openFile,
  openKey,
  parseKey,
  password,
  sealFile,
  sealKey,
  verifyFile,
} from '../../ts/index.ts'
import { runs } from '../project/property-runs.ts'
import { content, SIZES, testFolder } from './folder.ts'
import { sealedLength, takeApart } from './sealed-file.ts'

const folder = testFolder()
const length = fc.oneof(
  fc.constantFrom(...SIZES),
  fc.integer({ min: 0, max: 300_000 }),
  fc
    .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -2, max: 2 }))
    .map(([n, by]) => Math.max(0, n * 65_536 + by)),
)

describe('sealing', () => {
  it('is inverted by opening, and adds a header, a nonce and a tag for each chunk', async () => {
    const key = generateKey()
    const law = fc.asyncProperty(length, fc.nat(), async (size, seed) => {
      const [source, sealed, opened] = [folder.fresh(), folder.fresh(), folder.fresh()]
      writeFileSync(source, content(size, seed))
      const made = await sealFile(source, sealed, { to: key, sync: false })
      const info = await inspect(sealed)
      expect(made).toEqual({ bytes: size, sealedBytes: sealedLength(info.headerBytes, size), costLowered: false })
      expect(statSync(sealed).size).toBe(made.sealedBytes)
      expect(info).toMatchObject({ bytes: size, sealedBytes: made.sealedBytes })
      const found = { bytes: size, sealedBytes: made.sealedBytes }
      expect(await verifyFile(sealed, { with: key })).toEqual(found)
      expect(await openFile(sealed, opened, { with: key, sync: false })).toEqual(found)
      expect(readFileSync(opened).equals(readFileSync(source))).toBe(true)
    })
    await fc.assert(law, { numRuns: runs(30) })
  })

  it.each(SIZES)('row 22: of %d bytes is inverted exactly', async (size) => {
    const [key, plain] = [generateKey(), content(size)]
    const [sealed, opened] = [folder.fresh(), folder.fresh()]
    await sealFile(folder.file(plain), sealed, { to: key })
    expect(takeApart(readFileSync(sealed)).chunks).toHaveLength(Math.max(1, Math.ceil(size / 65_536)))
    await openFile(sealed, opened, { with: key })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })

  it('of one file twice gives files that share nothing but the version line', async () => {
    const [key, source] = [generateKey(), folder.file(content(1000))]
    const [first, second] = [folder.fresh(), folder.fresh()]
    await sealFile(source, first, { to: key })
    await sealFile(source, second, { to: key })
    const [one, two] = [takeApart(readFileSync(first)), takeApart(readFileSync(second))]
    expect(one.nonce.equals(two.nonce)).toBe(false)
    expect(one.header.subarray(22, 80).equals(two.header.subarray(22, 80))).toBe(false)
    expect(one.chunks[0]?.equals(two.chunks[0] ?? Buffer.of())).toBe(false)
  })

  it('takes paths as text, as URLs and as bytes that are not UTF-8', async () => {
    const key = generateKey()
    const source = pathToFileURL(folder.file('content'))
    const sealed = Buffer.concat([Buffer.from(folder.path), Buffer.from([0x2f, 0xff, 0xfe, 0x0a, 0x20])])
    await sealFile(source, sealed, { to: key })
    await openFile(sealed, pathToFileURL(folder.at('a %41 b')), { with: key })
    expect(readFileSync(folder.at('a %41 b'), 'utf8')).toBe('content')
  })

  it('makes a file that others may read by the umask, and opening one that only the owner may read', async () => {
    const [key, sealed, opened] = [generateKey(), folder.fresh(), folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: key })
    await openFile(sealed, opened, { with: key })
    expect(statSync(sealed).mode & 0o777).toBe(0o666 & ~process.umask())
    expect(statSync(opened).mode & 0o777).toBe(0o600)
  })
})

describe('inspect', () => {
  it('tells what opens the file, without a credential', async () => {
    const sealed = folder.fresh()
    const to = [generateKey(), password('correct horse', { cost: 'interactive' }), generateKey()]
    await sealFile(folder.file('content'), sealed, { to })
    const { stanzas, ...info } = await inspect(sealed)
    expect(info).toMatchObject({ version: 1, armored: false, postquantum: true, bytes: 7 })
    expect(stanzas.map(({ kind }) => kind).sort()).toEqual(['argon2id', 'mlkem768x25519', 'mlkem768x25519'])
    const costs = stanzas.find(({ kind }) => kind === 'argon2id')
    expect(costs).toMatchObject({ tag: 'holdfast/argon2id', memoryKib: 65_536, passes: 3, lanes: 4 })
  })

  it('says that a classical stanza does not resist quantum computers', async () => {
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, {
      to: 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
    })
    const { postquantum, stanzas } = await inspect(sealed)
    expect([postquantum, stanzas]).toEqual([false, [{ kind: 'x25519', tag: 'X25519' }]])
  })
})

describe('a kept key', () => {
  it('opens with its password, and is a sealed file as any other', async () => {
    const [key, secret] = [generateKey(), password('correct horse', { cost: 'interactive' })]
    const kept = await sealKey(key, secret)
    expect((await openKey(kept, secret)).equals(key)).toBe(true)
    const opened = folder.fresh()
    await openFile(folder.file(kept), opened, { with: secret })
    const line = readFileSync(opened, 'utf8')
    expect(line).toBe(`${key.identity()}\n`)
    expect(parseKey(line).equals(key)).toBe(true)
  })
})
