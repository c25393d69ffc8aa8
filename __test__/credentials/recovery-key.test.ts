import { inspect } from 'node:util'
import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKey, parseKey, RecoveryKey } from '../../ts/index.ts'
import { failureOf } from '../seal/failure.ts'

const DIGITS = '0123456789abcdef'
const digits = fc.string({ unit: fc.constantFrom(...DIGITS), minLength: 64, maxLength: 64 })
const separator = fc.constantFrom('', ' ', '-', '\n', '\t', '\r\n', '  ', '\u00a0', '\u3000', ' - ')
const KEY = '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210'

/** How people and programs copy a key: any case, any grouping, full-width digits. */
function spelled(key: string, separators: readonly string[], upper: boolean, wide: boolean): string {
  const groups = key.match(/.{4}/g) ?? []
  const text = groups.map((group, index) => group + (separators[index % separators.length] ?? '')).join('')
  const cased = upper ? text.toUpperCase() : text
  return wide
    ? cased.replace(/[0-9a-f]/gi, (digit) => String.fromCodePoint((digit.codePointAt(0) ?? 0) + 0xfee0))
    : cased
}

describe('a 64-digit key', () => {
  test.prop([digits])('parsing inverts formatting', (text) => {
    const key = parseKey(text)
    expect(key.format().replaceAll(/\s/g, '')).toBe(text)
    expect(parseKey(key.format()).equals(key)).toBe(true)
    expect(parseKey(key.identity()).equals(key)).toBe(true)
  })

  it('is shown as 4 rows of 4 groups of 4 digits', () => {
    expect(parseKey(KEY).format()).toBe(
      '0011 2233 4455 6677\n8899 aabb ccdd eeff\n0123 4567 89ab cdef\nfedc ba98 7654 3210',
    )
  })

  it('of two made one after the other differs', () => {
    const [first, second] = [generateKey(), generateKey()]
    expect(first.equals(second)).toBe(false)
    expect(first.equals(parseKey(first.format()))).toBe(true)
    expect(first.recipient).not.toBe(second.recipient)
  })

  it('has a recipient of 1959 characters and a check group of 4 digits', () => {
    const key = parseKey(KEY)
    expect(key.recipient).toMatch(/^age1pq1[02-9ac-hj-np-z]+$/)
    expect(key.recipient).toHaveLength(1959)
    expect(key.check).toMatch(/^[0-9a-f]{4}$/)
    expect(key.identity()).toMatch(/^AGE-SECRET-KEY-PQ-1/)
  })

  test.prop([digits, fc.integer({ min: 1, max: 63 })])(
    'row 5: one of too few digits is KEY_LENGTH with the count, and no part of it is repeated',
    (text, kept) => {
      const error = failureOf(() => parseKey(text.slice(0, kept)))
      expect(error).toMatchObject({ code: 'KEY_LENGTH', details: { digits: kept } })
      if (kept >= 8) expect(JSON.stringify(error)).not.toContain(text.slice(0, 8))
    },
  )

  it('row 5: one of 63 or 65 digits is KEY_LENGTH with the count', () => {
    expect(failureOf(() => parseKey(KEY.slice(1)))).toMatchObject({ code: 'KEY_LENGTH', details: { digits: 63 } })
    expect(failureOf(() => parseKey(`${KEY}0`))).toMatchObject({ code: 'KEY_LENGTH', details: { digits: 65 } })
    expect(failureOf(() => parseKey(''))).toMatchObject({ code: 'KEY_LENGTH', details: { digits: 0 } })
  })

  test.prop([digits, fc.array(separator, { minLength: 1, maxLength: 16 }), fc.boolean(), fc.boolean()])(
    'row 6: spaces, hyphens, line breaks, upper case and full-width digits spell the same key',
    (text, separators, upper, wide) => {
      expect(parseKey(spelled(text, separators, upper, wide)).equals(parseKey(text))).toBe(true)
    },
  )

  it.each([
    ['an Arabic-Indic digit', '\u0663'],
    ['the letter O', 'O'],
    ['the letter l', 'l'],
    ['the letter I', 'I'],
  ])('row 7: %s is KEY_CHARACTER with position and group, never corrected', (_, wrong) => {
    const error = failureOf(() => parseKey(`${KEY.slice(0, 26)}${wrong}${KEY.slice(27)}`))
    expect(error).toMatchObject({ code: 'KEY_CHARACTER', details: { position: 27, group: 7 } })
  })

  test.prop([digits, digits])('row 8: 68 digits are accepted only with the right check group', (text, other) => {
    const [key, check] = [parseKey(text), parseKey(other).check]
    expect(parseKey(`${text} ${key.check}`).equals(key)).toBe(true)
    const code = check === key.check ? undefined : 'KEY_CHECK'
    expect(parseKey.safe(text + check)).toMatchObject(code === undefined ? { ok: true } : { ok: false, code })
  })

  it('row 9: 64 decimal digits are a key', () => {
    expect(parseKey('1234567890'.repeat(7).slice(0, 64)).format()).toMatch(/^1234 5678 9012 3456\n/)
  })

  it('row 11: one whose digits are all equal can be parsed, to open with', () => {
    expect(parseKey('7'.repeat(64)).format()).toBe(Array(4).fill('7777 7777 7777 7777').join('\n'))
  })

  it('that is no string is INVALID_ARGUMENT', () => {
    for (const wrong of [undefined, null, 7, {}, new Uint8Array(32)]) {
      expect(failureOf(() => parseKey(wrong as unknown as string)).code).toBe('INVALID_ARGUMENT')
    }
  })
})

describe('parseKey.safe', () => {
  test.prop([fc.oneof(fc.string({ unit: 'binary' }), fc.anything())])('never throws', (anything) => {
    const parsed = parseKey.safe(anything as string)
    if (!parsed.ok) expect(parsed).toMatchObject({ code: expect.any(String), details: {}, hint: expect.any(String) })
  })

  it('answers every keystroke with what is missing', () => {
    expect(parseKey.safe('0011 2')).toMatchObject({ ok: false, code: 'KEY_LENGTH', details: { digits: 5 } })
    expect(parseKey.safe('0011 x')).toMatchObject({ ok: false, code: 'KEY_CHARACTER', details: { group: 2 } })
    const parsed = parseKey.safe(KEY)
    expect(parsed.ok && parsed.key.equals(parseKey(KEY))).toBe(true)
  })
})

describe('the handle of a key', () => {
  it('prints, serialises and clones without the key', () => {
    const key = parseKey(KEY)
    const shown = [
      `${key}`,
      inspect(key, { depth: 9, showHidden: true }),
      inspect({ nested: [key] }, { depth: 9, showHidden: true }),
      JSON.stringify({ key }),
      JSON.stringify(Object.getOwnPropertyDescriptors(key)),
      inspect(structuredClone(key), { depth: 9, showHidden: true }),
    ]
    for (const text of shown) expect(text).not.toMatch(/0011|aabb|SECRET/i)
    expect(shown[0]).toBe('RecoveryKey(redacted)')
    expect(shown[1]).toBe('RecoveryKey(redacted)')
    expect(shown[3]).toBe('{"key":"RecoveryKey(redacted)"}')
    expect(Object.keys(structuredClone(key))).toEqual([])
  })

  it('is INVALID_ARGUMENT to use once closed, and closing twice is harmless', () => {
    const key = generateKey()
    expect(key.closed).toBe(false)
    key[Symbol.dispose]()
    key.close()
    expect(key.closed).toBe(true)
    const open = generateKey()
    const uses = [
      () => key.format(),
      () => key.check,
      () => key.recipient,
      () => key.identity(),
      () => key.equals(open),
      () => open.equals(key),
    ]
    for (const use of uses) expect(failureOf(use)).toMatchObject({ name: 'UsageError', code: 'INVALID_ARGUMENT' })
    expect(`${key}`).toBe('RecoveryKey(redacted)')
  })

  it('cannot be forged', () => {
    const forged = Object.create(RecoveryKey.prototype) as RecoveryKey
    expect(failureOf(() => generateKey().equals(forged)).code).toBe('INVALID_ARGUMENT')
    expect(failureOf(() => generateKey().equals(structuredClone(generateKey()))).code).toBe('INVALID_ARGUMENT')
  })
})
