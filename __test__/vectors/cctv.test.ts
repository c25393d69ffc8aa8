import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import * as vectors from 'cctv-age'
import { describe, expect, it } from 'vitest'
import { type ErrorCode, generateKey, type Identity, openFile, password, verifyFile } from '../../ts/index.ts'
import { rejectionOf } from '../seal/failure.ts'
import { testFolder } from '../seal/folder.ts'

/** The layer that a vector must fail at, as this package names it. */
const CODES: Record<string, readonly ErrorCode[]> = {
  'no match': ['NO_SUCH_SLOT', 'WRONG_CREDENTIAL'],
  'HMAC failure': ['HEADER_TAMPERED'],
  'header failure': ['NOT_SEALED', 'UNSUPPORTED_VERSION', 'MALFORMED', 'KDF_LIMIT'],
  'payload failure': ['CHUNK_CORRUPT', 'TRUNCATED', 'TRAILING_DATA'],
  'armor failure': ['MALFORMED', 'NOT_SEALED'],
}
/** CCTV counts the nonce to the header; docs/format.md section 11 calls a file that ends in it TRUNCATED. */
const ENDS_IN_NONCE = new Set(['stream_no_nonce', 'stream_short_nonce'])
const FIELDS = new Set(['expect', 'payload', 'file key', 'identity', 'passphrase', 'armored', 'compressed', 'comment'])
const COUNT = 143

interface Vector {
  readonly expected: string
  readonly payload: string | undefined
  readonly identities: readonly Identity[]
  readonly file: Buffer
}

const all = Object.entries(vectors as Record<string, Uint8Array>).filter(([, bytes]) => bytes instanceof Uint8Array)
const folder = testFolder()

describe('the vectors of C2SP/CCTV age', () => {
  it(`are ${COUNT}`, () => {
    expect(all).toHaveLength(COUNT)
    expect(new Set(all.map(([name]) => name)).size).toBe(COUNT)
    for (const [, bytes] of all) expect([...Object.keys(CODES), 'success']).toContain(parse(bytes).expected)
  })

  it.each(all)('%s', async (name, bytes) => {
    const { expected, payload, identities, file } = parse(bytes)
    const source = folder.file(file)
    const target = folder.fresh()
    if (expected === 'success') {
      await openFile(source, target, { with: identities, sync: false })
      expect(createHash('sha256').update(readFileSync(target)).digest('hex')).toBe(payload)
      await verifyFile(source, { with: identities })
      return
    }
    const error = await rejectionOf(openFile(source, target, { with: identities, sync: false }))
    const codes = ENDS_IN_NONCE.has(name) ? ['TRUNCATED'] : CODES[expected]
    expect(codes, `${error.code}: ${error.message}`).toContain(error.code)
    expect(error.safe).toBe(true)
    expect(existsSync(target)).toBe(false)
    expect(await rejectionOf(verifyFile(source, { with: identities }))).toMatchObject({ code: error.code })
  })
})

function parse(bytes: Uint8Array): Vector {
  const vector = Buffer.from(bytes)
  const end = vector.indexOf('\n\n')
  const fields = vector
    .subarray(0, end)
    .toString()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const)
  for (const [name] of fields) expect(FIELDS).toContain(name)
  const values = (wanted: string) => fields.flatMap(([name, value]) => (name === wanted ? [value] : []))
  const body = vector.subarray(end + 2)
  const identities: Identity[] = values('identity').map((text) => text as 'AGE-SECRET-KEY-1')
  identities.push(...values('passphrase').map((text) => password(text)))
  // Vectors that fail before any identity is looked at have none.
  if (identities.length === 0) identities.push(generateKey())
  return {
    expected: values('expect')[0] ?? '',
    payload: values('payload')[0],
    identities,
    file: values('compressed').includes('zlib') ? inflateSync(body) : body,
  }
}
