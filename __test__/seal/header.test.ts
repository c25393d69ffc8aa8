import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { generateKey, inspect, openFile, password, sealFile, sealKey, verifyFile } from '../../ts/index.ts'
import { rejectionOf } from './failure.ts'
import { content, testFolder } from './folder.ts'
import { flipped, headerOf, putTogether, stanzas, takeApart } from './sealed-file.ts'

const folder = testFolder()
const key = generateKey()
const secret = password('correct horse', { cost: 'interactive' })

let sealed: Buffer
let underPassword: Buffer

beforeAll(async () => {
  underPassword = Buffer.from(await sealKey(key, secret))
})

/** A file sealed now, in this test's folder. */
async function sealedTo(to: Parameters<typeof sealFile>[2]['to'], plain = content(100)): Promise<Buffer> {
  const target = folder.fresh()
  await sealFile(folder.file(plain), target, { to, sync: false })
  return readFileSync(target)
}

const withCosts = (costs: string) => Buffer.from(underPassword.toString('latin1').replace('65536 3 4', costs), 'latin1')

describe('the header', () => {
  it('row 16: with any byte changed is refused, and nothing is written', async () => {
    sealed = await sealedTo(key)
    const { header } = takeApart(sealed)
    const target = folder.fresh()
    const seen = new Set<string>()
    for (let offset = 0; offset < header.length; offset += 1) {
      const damaged = folder.file(flipped(sealed, offset))
      const error = await rejectionOf(openFile(damaged, target, { with: key }))
      expect(REFUSALS, `byte ${offset}: ${error.message}`).toContain(error.code)
      expect(error.safe).toBe(true)
      seen.add(error.code)
    }
    expect(folder.content().has(target)).toBe(false)
    expect(seen).toContain('NOT_SEALED')
    expect(seen).toContain('MALFORMED')
    expect(seen).toContain('HEADER_TAMPERED')
  })

  it('row 16: and row 19: cut at any length is NOT_SEALED in the first line and MALFORMED after it', async () => {
    sealed = await sealedTo(key)
    const { header } = takeApart(sealed)
    for (let length = 0; length < header.length; length += 1) {
      const error = await rejectionOf(verifyFile(folder.file(sealed.subarray(0, length)), { with: key }))
      const expected = length < 'age-encryption.org/v1\n'.length ? 'NOT_SEALED' : 'MALFORMED'
      expect(error.code, `${length} bytes`).toBe(expected)
    }
  })

  it.each([
    ['CRLF line ends', (text: string) => text.replaceAll('\n', '\r\n'), ['NOT_SEALED', 'MALFORMED']],
    ['a CR after a stanza', (text: string) => text.replace('\n---', '\r\n---'), ['MALFORMED']],
    ['base64 with padding', (text: string) => text.replace(/(--- .*)\n/, '$1=\n'), ['MALFORMED']],
    ['base64 that is not canonical', (text: string) => text.replace(/(--- .*).\n/, '$1/\n'), ['MALFORMED']],
    ['a double space', (text: string) => text.replace('-> mlkem', '->  mlkem'), ['MALFORMED']],
    ['no MAC', (text: string) => text.replace(/--- .*\n/, ''), ['MALFORMED']],
    ['another version', (text: string) => text.replace('/v1', '/v2'), ['UNSUPPORTED_VERSION']],
  ])('row 16: with %s is refused', async (_, change, codes) => {
    const { header, nonce, chunks } = takeApart(await sealedTo(key))
    const changed = Buffer.from(change(header.toString('latin1')), 'latin1')
    const file = folder.file(putTogether({ header: changed, nonce, chunks }))
    await folder.unchangedBy(() => openFile(file, folder.fresh(), { with: key }), ...codes)
  })

  it('row 16: of 1 GiB without a line feed is refused in bounded memory', async () => {
    const path = folder.file('age-encryption.org/v1\n-> ')
    truncateSync(path, 2 ** 30)
    const file = openSync(path, 'r+')
    writeSync(file, 'a'.repeat(70_000), 25)
    closeSync(file)
    const before = process.memoryUsage.rss()
    expect((await rejectionOf(inspect(path))).code).toBe('MALFORMED')
    expect((await rejectionOf(verifyFile(path, { with: key }))).code).toBe('MALFORMED')
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20)
  })

  it.each([
    ['4 TiB of memory', '4294967295 3 4', 'KDF_LIMIT'],
    ['one KiB above 1 GiB', '1048577 1 4', 'KDF_LIMIT'],
    ['less than 8 MiB', '8191 3 4', 'KDF_LIMIT'],
    ['2^32 - 1 passes', '65536 4294967295 4', 'KDF_LIMIT'],
    ['17 passes', '65536 17 4', 'KDF_LIMIT'],
    ['2^24 lanes', '65536 3 16777216', 'KDF_LIMIT'],
    ['17 lanes', '65536 3 17', 'KDF_LIMIT'],
    ['1 GiB five times', '1048576 5 4', 'KDF_LIMIT'],
    ['no passes', '65536 0 4', 'MALFORMED'],
    ['a number with a leading zero', '065536 3 4', 'MALFORMED'],
    ['a number of 11 digits', '42949672950 3 4', 'MALFORMED'],
    ['a sign', '+65536 3 4', 'MALFORMED'],
    ['three numbers too few', '65536', 'MALFORMED'],
    ['a number too many', '65536 3 4 1', 'MALFORMED'],
  ])('row 13: that asks for %s (%s) is %s at once, with memory unchanged', async (_, costs, code) => {
    const file = folder.file(withCosts(costs))
    const before = process.memoryUsage.rss()
    const begun = performance.now()
    expect((await rejectionOf(verifyFile(file, { with: secret }))).code).toBe(code)
    // The row says 10 ms, which a machine that runs other tests does not always give.
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(process.memoryUsage.rss() - before).toBeLessThan(32 * 2 ** 20)
  })

  it('row 13: with two password stanzas is MALFORMED', async () => {
    const { header, nonce, chunks } = takeApart(underPassword)
    const { list, mac } = stanzas(header)
    const file = folder.file(putTogether({ header: headerOf([...list, ...list], mac), nonce, chunks }))
    expect((await rejectionOf(verifyFile(file, { with: secret }))).code).toBe('MALFORMED')
  })
})

describe('stanzas', () => {
  it.each([
    ['reordered', ([mine, other]: string[]) => [other, mine], 'HEADER_TAMPERED'],
    ['with the other one removed', ([mine]: string[]) => [mine], 'HEADER_TAMPERED'],
    ['with this one removed', ([, other]: string[]) => [other], 'WRONG_CREDENTIAL'],
    ['all removed', () => [], 'MALFORMED'],
    ['with one repeated', ([mine, other]: string[]) => [mine, mine, other], 'HEADER_TAMPERED'],
    ['with one of another type added', ([mine, other]: string[]) => [mine, other, '-> other\n\n'], 'HEADER_TAMPERED'],
  ])('row 17: %s are refused with the right code', async (_, change, code) => {
    const { header, nonce, chunks } = takeApart(await sealedTo([key, generateKey()]))
    const { list, mac } = stanzas(header)
    const changed = change(list).map((stanza) => stanza ?? '')
    const file = folder.file(putTogether({ header: headerOf(changed, mac), nonce, chunks }))
    await folder.unchangedBy(() => openFile(file, folder.fresh(), { with: key }), code)
  })

  it('row 17: of another file of the same owner do not pass as this one’s', async () => {
    const [mine, other] = [takeApart(await sealedTo([key, generateKey()])), takeApart(await sealedTo(key))]
    const [here, there] = [stanzas(mine.header), stanzas(other.header)]
    for (const list of [
      [...there.list, ...here.list],
      [...here.list, ...there.list],
      [...there.list, ...here.list.slice(1)],
    ]) {
      const file = folder.file(putTogether({ ...mine, header: headerOf(list, here.mac) }))
      await folder.unchangedBy(() => openFile(file, folder.fresh(), { with: key }), 'HEADER_TAMPERED')
    }
  })

  it('row 17: of a key file, put beside a password’s, are told from a wrong password', async () => {
    const { header, nonce, chunks } = takeApart(underPassword)
    const { list, mac } = stanzas(header)
    const foreign = stanzas(takeApart(await sealedTo(generateKey())).header).list
    const file = folder.file(putTogether({ header: headerOf([...list, ...foreign], mac), nonce, chunks }))
    expect((await rejectionOf(verifyFile(file, { with: secret }))).code).toBe('HEADER_TAMPERED')
    expect((await rejectionOf(verifyFile(file, { with: key }))).code).toBe('WRONG_CREDENTIAL')
  })
})

const REFUSALS = [
  'NOT_SEALED',
  'UNSUPPORTED_VERSION',
  'MALFORMED',
  'KDF_LIMIT',
  'NO_SUCH_SLOT',
  'WRONG_CREDENTIAL',
  'HEADER_TAMPERED',
]
