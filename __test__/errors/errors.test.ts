import { inspect } from 'node:util'
import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { CATALOG } from '../../ts/errors/catalog.ts'
import { fromNative } from '../../ts/errors/native.ts'
import { makeError } from '../../ts/errors.ts'
import * as api from '../../ts/index.ts'
import { CredentialError, HoldfastError, IntegrityError, isHoldfastError } from '../../ts/index.ts'
import { failureOf } from '../seal/failure.ts'

const code = fc.constantFrom(...(Object.keys(CATALOG) as api.ErrorCode[]))
const damaged = makeError('CHUNK_CORRUPT', 'chunk 41 (byte 2687632) failed authentication', {
  details: { chunk: 41, offset: 2_687_632 },
})

describe('an error', () => {
  test.prop([code, fc.string(), fc.boolean()])('has the class, hint and retry of its code', (name, message, safe) => {
    const error = makeError(name, message, { safe })
    const { kind, hint, retryable } = CATALOG[name]
    expect(Object.entries(api)).toContainEqual([kind, error.constructor])
    expect(error).toBeInstanceOf(HoldfastError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: kind, code: name, message, hint, retryable, safe })
  })

  it('says that nothing visible changed unless it is told otherwise', () => {
    expect(makeError('NO_SPACE', 'full', { details: { call: 'write' } }).safe).toBe(true)
  })

  it('has details that nobody can change', () => {
    expect(() => Object.assign(damaged.details, { chunk: 1 })).toThrow(TypeError)
  })

  it('shows code and details when printed', () => {
    expect(inspect(damaged)).toMatch(/CHUNK_CORRUPT/)
    expect(inspect(damaged)).toMatch(/offset: 2687632/)
  })

  test.prop([code, fc.string(), fc.boolean()])('survives JSON and structuredClone', (name, message, safe) => {
    const error = makeError(name, message, { safe, cause: new Error('left behind') })
    for (const data of [JSON.parse(JSON.stringify(error)), structuredClone(error.toJSON())]) {
      const again = HoldfastError.fromJSON(data)
      expect(again.constructor).toBe(error.constructor)
      expect(again.toJSON()).toEqual(error.toJSON())
      expect(again.cause).toBeUndefined()
    }
  })

  it('keeps its details through JSON', () => {
    const again = HoldfastError.fromJSON(JSON.parse(JSON.stringify(damaged)))
    expect(again).toBeInstanceOf(IntegrityError)
    expect(again.details).toEqual({ chunk: 41, offset: 2_687_632 })
  })

  test.prop([fc.anything()])('is not made from anything else', (anything) => {
    expect(failureOf(() => HoldfastError.fromJSON(anything)).code).toBe('INVALID_ARGUMENT')
  })

  it('is not made from a code that this version does not know', () => {
    for (const unknown of ['FROM_THE_FUTURE', 'toString', '__proto__', 7]) {
      const data = { ...damaged.toJSON(), code: unknown }
      expect(failureOf(() => HoldfastError.fromJSON(data)).code).toBe('INVALID_ARGUMENT')
    }
  })
})

describe('isHoldfastError', () => {
  it('tells codes apart', () => {
    expect(isHoldfastError(damaged)).toBe(true)
    expect(isHoldfastError(damaged, 'CHUNK_CORRUPT')).toBe(true)
    expect(isHoldfastError(damaged, 'TRUNCATED')).toBe(false)
  })

  test.prop([fc.anything()])('is false for anything else', (anything) => {
    expect(isHoldfastError(anything)).toBe(false)
    expect(isHoldfastError(Object.assign(new Error(), { code: 'INTERNAL' }))).toBe(false)
  })

  it('row 47: knows the errors of another copy of the package', async () => {
    vi.resetModules()
    const other = await import('../../ts/errors.ts')
    expect(other.HoldfastError).not.toBe(HoldfastError)
    const error = other.makeError('KEY_CHECK', 'the check group does not fit the key')
    expect(error).not.toBeInstanceOf(CredentialError)
    expect(isHoldfastError(error, 'KEY_CHECK')).toBe(true)
  })
})

describe('a failure of the addon', () => {
  it('becomes the class of its code, with details and safe', () => {
    const thrown = Object.assign(new Error('no space is left'), {
      code: 'NO_SPACE',
      details: { call: 'flush' },
      safe: false,
    })
    const error = fromNative(thrown)
    expect(error).toBeInstanceOf(api.FileError)
    expect(error).toMatchObject({
      code: 'NO_SPACE',
      message: 'no space is left',
      details: { call: 'flush' },
      safe: false,
    })
  })

  it.each(['StringExpected', 'NumberExpected', 'InvalidArg', 'BooleanExpected', 'ObjectExpected', 'ArrayExpected'])(
    'with the code %s of Node-API is INVALID_ARGUMENT',
    (status) => {
      const thrown = Object.assign(new Error('Failed to convert'), { code: status })
      expect(fromNative(thrown)).toMatchObject({ code: 'INVALID_ARGUMENT', cause: thrown })
    },
  )

  test.prop([fc.anything()])('that is anything else is INTERNAL with it as cause', (anything) => {
    expect(fromNative(anything)).toMatchObject({ code: 'INTERNAL', name: 'HoldfastError' })
    expect(fromNative(anything).cause).toBe(anything)
    const other = Object.assign(new Error('odd'), { code: 'FROM_THE_FUTURE' })
    expect(fromNative(other)).toMatchObject({ code: 'INTERNAL', message: 'odd', cause: other })
  })

  it('that is an error of this package already stays itself', () => {
    expect(fromNative(damaged)).toBe(damaged)
  })
})
