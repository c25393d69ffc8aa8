import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Opened, RecoveryKey, Sealed } from '../../ts/index.ts'
import { failureOf, rejectionOf } from '../seal/failure.ts'
import { content, testFolder } from '../seal/folder.ts'
import { type Faults, PackageCopy } from './package-copy.ts'

const folder = testFolder()
const copy = new PackageCopy('faults')
const { ENOSPC, EDQUOT, EIO, EXDEV, EROFS, EACCES, EMFILE } = constants.errno

let api: Awaited<ReturnType<PackageCopy['index']>>
let faults: Faults
let key: RecoveryKey
let source: string
let sealed: string

beforeAll(async () => {
  api = await copy.index()
  faults = copy.addon()
  key = api.generateKey()
})

beforeEach(async () => {
  source = folder.file(content(200_000))
  sealed = folder.fresh()
  await api.sealFile(source, sealed, { to: key })
})

afterEach(() => {
  faults.faultReset()
})

afterAll(() => copy.remove())

describe('when the random generator fails', () => {
  it('row 35: no key is made and nothing is sealed', async () => {
    const secret = api.password('correct horse', { cost: 'interactive' })
    faults.faultRandom(true)
    expect(failureOf(() => api.generateKey())).toMatchObject({ code: 'INTERNAL', safe: true })
    expect(await rejectionOf(api.sealKey(key, secret))).toMatchObject({ code: 'INTERNAL' })
    for (const to of [key, secret]) {
      await folder.unchangedBy(() => api.sealFile(source, folder.at('target'), { to }), 'INTERNAL')
    }
  })

  it('row 35: opening, which needs no randomness, works, and sealing does again afterwards', async () => {
    faults.faultRandom(true)
    expect(await api.verifyFile(sealed, { with: key })).toMatchObject({ bytes: 200_000 })
    faults.faultReset()
    await api.sealFile(source, folder.fresh(), { to: key })
  })
})

describe('a panic inside a task', () => {
  it('becomes INTERNAL, and the process and the pool live', async () => {
    const { run } = await import(/* @vite-ignore */ copy.url('call.js'))
    for (let round = 0; round < 20; round += 1) {
      const error = await rejectionOf(run({}, (control: object) => faults.faultPanic(control)))
      expect(error).toMatchObject({ name: 'HoldfastError', code: 'INTERNAL', retryable: false, safe: true })
      expect(error.cause).toBeInstanceOf(Error)
    }
    expect(await api.verifyFile(sealed, { with: key })).toMatchObject({ bytes: 200_000 })
  })

  it.each([
    ['sealing', () => api.sealFile(source, folder.at('target'), { to: key })],
    ['opening', () => api.openFile(sealed, folder.at('target'), { with: key })],
    ['verifying', () => api.verifyFile(sealed, { with: key })],
  ])('that is %s becomes INTERNAL, and nothing is left', async (_, call) => {
    faults.faultPanicInTask()
    await folder.unchangedBy(call, 'INTERNAL')
    faults.faultReset()
    await call()
  })
})

describe.each([
  ['sealing', (target: string): Promise<Sealed | Opened> => api.sealFile(source, target, { to: key, overwrite: true })],
  [
    'opening',
    (target: string): Promise<Sealed | Opened> => api.openFile(sealed, target, { with: key, overwrite: true }),
  ],
])('%s over an existing file', (_, call) => {
  it.each([
    ['row 25', 'ENOSPC', ENOSPC],
    ['row 25', 'EDQUOT', EDQUOT],
    ['row 26', 'EIO', EIO],
    ['row 26', 'EXDEV', EXDEV],
    ['row 26', 'EROFS', EROFS],
    ['row 26', 'EACCES', EACCES],
    ['row 26', 'EMFILE', EMFILE],
  ])(
    '%s: with %s at the first file call, the second and so on either fails and changes nothing, or succeeds',
    async (row, name, errno) => {
      const seen = new Set<string>()
      for (let nth = 1; ; nth += 1) {
        const target = folder.file('already here')
        const before = folder.content()
        faults.faultFileCall(null, nth, errno, false)
        const outcome = await call(target).then(
          () => undefined,
          (error: unknown) => error,
        )
        const failed = faults.faultReset()
        if (failed === null) break
        if (outcome === undefined) {
          expect(readFileSync(target, 'latin1')).not.toBe('already here')
          continue
        }
        expect(outcome, `${name} at call ${nth}, ${failed}`).toMatchObject({ code: expect.stringMatching(FILE_CODES) })
        const { code, safe } = outcome as { code: string; safe: boolean }
        if (safe) expect(folder.content(), `${name} at call ${nth}, ${failed}`).toEqual(before)
        if (row === 'row 25' && code === 'NO_SPACE') seen.add(failed)
        if (row === 'row 26') seen.add(code)
      }
      expect([...seen].join(' ')).toMatch(row === 'row 25' ? /write/ : /TARGET_UNWRITABLE/)
    },
  )

  it('row 27: with short and interrupted reads and writes works as ever', async () => {
    const target = folder.file('already here')
    faults.faultInterrupt(true)
    await call(target)
    faults.faultReset()
    expect(readFileSync(target, 'latin1')).not.toBe('already here')
  })
})

describe('reads and writes of one byte each', () => {
  it('row 27: are invisible', async () => {
    const [small, target, opened] = [folder.file(content(3000)), folder.fresh(), folder.fresh()]
    faults.faultShort(true)
    await api.sealFile(small, target, { to: key })
    await api.openFile(target, opened, { with: key })
    faults.faultReset()
    expect(readFileSync(opened).equals(content(3000))).toBe(true)
  })
})

const FILE_CODES = /^(SOURCE_UNREADABLE|SOURCE_CHANGED|TARGET_UNWRITABLE|TARGET_UNSAFE|TARGET_EXISTS|NO_SPACE)$/
