import { describe, expect, it } from 'vitest'
import {
  configure,
  generateKey,
  inspect,
  openFile,
  openKey,
  password,
  sealFile,
  sealKey,
  verifyFile,
} from '../../ts/index.ts'
import { addon } from '../../ts/native/binding.ts'
import { failureOf, rejectionOf } from '../seal/failure.ts'
import { testFolder } from '../seal/folder.ts'

const folder = testFolder()
const key = generateKey()
const secret = password('correct horse', { cost: 'interactive' })

describe('arguments of the wrong type', () => {
  it.each([
    ['options that are missing', () => sealFile('a', 'b', undefined as never)],
    ['options that are null', () => openFile('a', 'b', null as never)],
    ['options that are text', () => verifyFile('a', 'with' as never)],
    ['an overwrite that is text', () => sealFile('a', 'b', { to: key, overwrite: 'no' as never })],
    ['a sync that is a number', () => sealFile('a', 'b', { to: key, sync: 0 as never })],
    ['a signal that is none', () => inspect('a', { signal: {} as AbortSignal })],
    ['a controller for a signal', () => inspect('a', { signal: new AbortController() as never })],
    ['an onProgress that is none', () => inspect('a', { onProgress: 'log' as never })],
    ['a key that is none', () => sealKey(secret as never, secret)],
    ['a password that is text', () => sealKey(key, 'correct horse' as never)],
    ['sealed bytes that are text', () => openKey('sealed' as never, secret)],
    ['call options that are text', () => sealKey(key, secret, 'signal' as never)],
  ])('are INVALID_ARGUMENT: %s', async (_, call) => {
    const error = await rejectionOf(call())
    expect(error).toMatchObject({ name: 'UsageError', code: 'INVALID_ARGUMENT', safe: true })
    expect(error.message).not.toContain('horse')
  })

  it('are found before any file is looked at: nobody to seal to, nothing to open with', async () => {
    const missing = folder.fresh()
    for (const call of [sealFile(missing, missing, { to: [] }), verifyFile(missing, { with: [] })]) {
      expect(await rejectionOf(call)).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/empty$/),
      })
    }
  })

  it('reject and never throw', () => {
    for (const call of [sealFile, openFile, verifyFile, inspect, sealKey, openKey] as ((
      ...args: never[]
    ) => unknown)[]) {
      const result = call()
      expect(result).toBeInstanceOf(Promise)
      ;(result as Promise<unknown>).catch(() => {})
    }
  })

  it.each([
    [{ threads: 0 }],
    [{ threads: 257 }],
    [{ threads: 1.5 }],
    [{ threads: '2' }],
    [{ kdfMemory: 0 }],
    [{ kdfMemory: Number.POSITIVE_INFINITY }],
    [{ kdfMemory: '1 GiB' }],
    [null],
    [undefined],
  ])('are INVALID_ARGUMENT to configure: %j', (settings) => {
    expect(failureOf(() => configure(settings as never)).code).toBe('INVALID_ARGUMENT')
  })

  it('that get as far as the addon are told apart from defects', async () => {
    const { native } = await import('../../ts/native/binding.ts')
    const wrong = [
      () => native(() => addon().KeyHandle.parse(7 as never)),
      () => native(() => new (addon().RecipientSet)().addKey({} as never)),
      () => native(() => addon().configure('2' as never, null)),
      () => native(() => addon().PasswordHandle.fromText('abcdefgh', 'cheap' as never)),
    ]
    for (const call of wrong) expect(failureOf(call)).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('bytes that the caller changes during the call', () => {
  it('row 30: are taken as they were', async () => {
    const kept = await sealKey(key, secret)
    const opening = openKey(kept, secret)
    kept.fill(0)
    expect((await opening).equals(key)).toBe(true)
  })

  it('row 30: or detached are taken as they were', async () => {
    const kept = Uint8Array.from(await sealKey(key, secret))
    const opening = openKey(kept, secret)
    structuredClone(kept, { transfer: [kept.buffer] })
    expect(kept).toHaveLength(0)
    expect((await opening).equals(key)).toBe(true)
  })

  it('row 30: as a path are taken as they were', async () => {
    const path = Buffer.from(folder.file('content'))
    const target = folder.fresh()
    const sealing = sealFile(path, target, { to: key })
    path.fill(0x78)
    expect(await sealing).toMatchObject({ bytes: 7 })
  })

  it.each([
    ['shared', (bytes: Uint8Array) => copied(bytes, new SharedArrayBuffer(bytes.length))],
    ['resizable', (bytes: Uint8Array) => copied(bytes, resizable(bytes.length))],
    ['detached', detached],
  ])('row 30: in %s memory are INVALID_ARGUMENT', async (_, change) => {
    const kept = change(Uint8Array.from(await sealKey(key, secret)))
    expect((await rejectionOf(openKey(kept, secret))).code).toBe('INVALID_ARGUMENT')
    const path = change(Uint8Array.from(Buffer.from(folder.file('content'))))
    expect((await rejectionOf(verifyFile(path, { with: key }))).code).toBe('INVALID_ARGUMENT')
  })

  it('row 30: sealed keys are memory of the caller, free to change', async () => {
    const kept = await sealKey(key, secret)
    expect(kept).toBeInstanceOf(Uint8Array)
    expect(kept.buffer).toBeInstanceOf(ArrayBuffer)
    kept.set([0], 0)
    structuredClone(kept, { transfer: [kept.buffer as ArrayBuffer] })
  })
})

function copied(bytes: Uint8Array, buffer: ArrayBufferLike): Uint8Array {
  const copy = new Uint8Array(buffer)
  copy.set(bytes)
  return copy
}

function resizable(length: number): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [length, { maxByteLength: 2 * length }]) as ArrayBuffer
}

function detached(bytes: Uint8Array): Uint8Array {
  structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
  return bytes
}
