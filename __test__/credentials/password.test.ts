import { inspect } from 'node:util'
import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { openKey, parseKey, password, sealKey } from '../../ts/index.ts'
import { failureOf, rejectionOf } from '../seal/failure.ts'

const KEY = parseKey('00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210')
const allowed = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
  .filter((text) => !/[\p{Cc}\u2028\u2029\p{Noncharacter_Code_Point}]/u.test(text))

describe('a password', () => {
  test.prop([allowed, fc.constantFrom('NFC', 'NFD')])(
    'row 1: is the same in every normal form and as bytes',
    (text, form) => {
      const [first, second] = [password(text), password(text.normalize(form))]
      expect(first.equals(second)).toBe(true)
      expect(password(new TextEncoder().encode(text)).equals(first)).toBe(true)
    },
  )

  it('row 1: given composed when sealing opens decomposed, and with any space of Unicode', async () => {
    const kept = await sealKey(KEY, password('Zoë lügt öfter', { cost: 'interactive' }))
    for (const typed of ['Zoë lügt öfter'.normalize('NFD'), 'Zoë\u00a0lügt\u3000öfter']) {
      expect((await openKey(kept, password(typed))).equals(KEY)).toBe(true)
    }
  })

  it.each([
    ['half of a surrogate pair', 'abc\ud800defgh', 4],
    ['a NUL', 'abcdefgh\0', 9],
    ['a line feed', 'abcdefgh\n', 9],
    ['a DEL', '\u007fabcdefgh', 1],
    ['a C1 control', 'abcdefgh\u0085', 9],
    ['a line separator', 'abcdefgh\u2028', 9],
    ['a noncharacter', 'abcdefgh\uffff', 9],
    ['a noncharacter beyond the BMP', 'abc\u{10ffff}defgh', 4],
  ])('row 2: with %s is PASSWORD_CHARACTER with its position', (_, text, position) => {
    expect(failureOf(() => password(text))).toMatchObject({ code: 'PASSWORD_CHARACTER', details: { position } })
  })

  it('row 2: in bytes that are not UTF-8 is PASSWORD_CHARACTER', () => {
    for (const bytes of [[0xc3], [0xed, 0xa0, 0x80], [0xff], [0xc0, 0x80]]) {
      const wrong = Uint8Array.from([...Buffer.from('abcdefgh'), ...bytes])
      expect(failureOf(() => password(wrong)).code).toBe('PASSWORD_CHARACTER')
    }
  })

  it('row 2: with an unassigned code point can open and cannot be chosen', async () => {
    const unassigned = password('abcdefgh\u0378')
    expect(failureOf(() => unassigned.checkNew()).code).toBe('PASSWORD_CHARACTER')
    expect(await rejectionOf(sealKey(KEY, unassigned))).toMatchObject({ code: 'PASSWORD_CHARACTER', safe: true })
  })

  it('row 3: of no character is PASSWORD_LENGTH', () => {
    const details = { count: 0, min: 1, max: 1024 }
    expect(failureOf(() => password(''))).toMatchObject({ code: 'PASSWORD_LENGTH', details })
    expect(failureOf(() => password(new Uint8Array(0)))).toMatchObject({ code: 'PASSWORD_LENGTH', details })
  })

  it('row 3: of 7 code points can open and cannot be chosen', async () => {
    const short = password('1234567')
    expect(failureOf(() => short.checkNew())).toMatchObject({ code: 'PASSWORD_LENGTH', details: { count: 7, min: 8 } })
    expect(await rejectionOf(sealKey(KEY, short))).toMatchObject({ code: 'PASSWORD_LENGTH', safe: true })
  })

  it('row 3: of 8 emoji can be chosen, also of joined ones', () => {
    for (const emoji of ['❤️', '👨‍👩‍👧‍👦', '🤔', '👍🏽']) password(emoji.repeat(8)).checkNew()
  })

  it('row 3: of 1024 code points is accepted, of 1025 not', () => {
    password('🤔'.repeat(1024)).checkNew()
    const error = failureOf(() => password('🤔'.repeat(1025)))
    expect(error).toMatchObject({ code: 'PASSWORD_LENGTH', details: { count: 1025, min: 1, max: 1024 } })
  })

  it('row 3: of 10 MB is PASSWORD_LENGTH and never reaches the addon', async () => {
    vi.resetModules()
    vi.doMock('../../ts/native/binding.ts', () => ({
      native: () => {
        throw new Error('the addon was reached')
      },
    }))
    const apart = await import('../../ts/credentials/password.ts')
    vi.doUnmock('../../ts/native/binding.ts')
    const long = 'a'.repeat(10_000_000)
    const expected = { code: 'PASSWORD_LENGTH', details: { count: long.length, min: 1, max: 1024 } }
    expect(() => apart.password('short')).toThrow('the addon was reached')
    expect(failureOf(() => apart.password(long))).toMatchObject(expected)
    expect(failureOf(() => apart.password(Buffer.from(long)))).toMatchObject(expected)
  })

  it('row 4: keeps a leading and a trailing space', async () => {
    const kept = await sealKey(KEY, password(' surrounded ', { cost: 'interactive' }))
    for (const typed of ['surrounded', ' surrounded', 'surrounded ']) {
      expect((await rejectionOf(openKey(kept, password(typed)))).code).toBe('WRONG_CREDENTIAL')
    }
    expect((await openKey(kept, password(' surrounded '))).equals(KEY)).toBe(true)
  })

  it('given as bytes is wiped from them, also when it is refused', () => {
    const right = Uint8Array.from(Buffer.from('correct horse'))
    password(right)
    expect(right).toEqual(new Uint8Array(13))
    const wrong = Uint8Array.from(Buffer.from('correct\nhorse'))
    expect(() => password(wrong)).toThrow()
    expect(wrong).toEqual(new Uint8Array(13))
  })

  it('given as bytes of a larger buffer leaves the rest of it alone', () => {
    const whole = Uint8Array.from(Buffer.from('before correct horse after'))
    password(whole.subarray(7, 20))
    expect(Buffer.from(whole).toString()).toBe(`before ${'\0'.repeat(13)} after`)
  })

  it.each([
    ['shared memory', () => new Uint8Array(new SharedArrayBuffer(9)).fill(97)],
    ['resizable memory', () => new Uint8Array(resizable(9)).fill(97)],
    ['detached memory', () => detached(new Uint8Array(9).fill(97))],
    ['a DataView', () => new DataView(new ArrayBuffer(9))],
    ['an ArrayBuffer', () => new ArrayBuffer(9)],
    ['an array', () => [97, 98, 99]],
    ['nothing', () => undefined],
    ['a number', () => 12_345_678],
  ])('row 30: given as %s is INVALID_ARGUMENT', (_, make) => {
    expect(failureOf(() => password(make() as Uint8Array)).code).toBe('INVALID_ARGUMENT')
  })

  it('of an unknown cost is INVALID_ARGUMENT', () => {
    for (const cost of ['automatic', 'cheap', '', null, 3]) {
      expect(failureOf(() => password('abcdefgh', { cost: cost as 'default' })).code).toBe('INVALID_ARGUMENT')
    }
    expect(failureOf(() => password('abcdefgh', null as unknown as object)).code).toBe('INVALID_ARGUMENT')
  })

  it('of an unknown cost given as bytes is wiped all the same', () => {
    const typed = Uint8Array.from(Buffer.from('correct horse'))
    expect(() => password(typed, { cost: 'cheap' as 'default' })).toThrow()
    expect(typed).toEqual(new Uint8Array(13))
  })
})

describe('the handle of a password', () => {
  it('prints, serialises and clones without the password', () => {
    const secret = password('correct horse')
    const shown = [
      `${secret}`,
      inspect(secret, { depth: 9, showHidden: true }),
      JSON.stringify([secret]),
      inspect(structuredClone(secret), { depth: 9, showHidden: true }),
    ]
    for (const text of shown) expect(text).not.toContain('horse')
    expect(shown.slice(0, 3)).toEqual(['Password(redacted)', 'Password(redacted)', '["Password(redacted)"]'])
  })

  it('is INVALID_ARGUMENT to use once closed', () => {
    const secret = password('correct horse')
    secret[Symbol.dispose]()
    expect(secret.closed).toBe(true)
    expect(failureOf(() => secret.checkNew()).code).toBe('INVALID_ARGUMENT')
    expect(failureOf(() => password('correct horse').equals(secret)).code).toBe('INVALID_ARGUMENT')
    expect(failureOf(() => secret.equals(KEY as never)).code).toBe('INVALID_ARGUMENT')
  })
})

function resizable(length: number): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [length, { maxByteLength: 2 * length }]) as ArrayBuffer
}

function detached(bytes: Uint8Array): Uint8Array {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
  return bytes
}
