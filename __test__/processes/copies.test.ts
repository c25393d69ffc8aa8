import { describe, expect, it } from 'vitest'
import { generateKey, isHoldfastError, sealFile } from '../../ts/index.ts'
import { failureOf, rejectionOf } from '../seal/failure.ts'
import { testFolder } from '../seal/folder.ts'
import { packageCopy } from './package-copy.ts'
import { script } from './script.ts'

const folder = testFolder()

describe('two copies of the package in one process', () => {
  it('row 47: work beside each other, each with its own addon', async () => {
    const copy = packageCopy('shipped')
    const other = await copy.index()
    const [here, there] = [generateKey(), other.generateKey()]
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: [here, there.recipient] })
    expect(await other.verifyFile(sealed, { with: there })).toMatchObject({ bytes: 7 })
    expect(await other.verifyFile(sealed, { with: other.parseKey(here.format()) })).toMatchObject({ bytes: 7 })
  })

  it('row 47: refuse each other’s handles and know each other’s errors', async () => {
    const other = await packageCopy('shipped').index()
    const sealing = sealFile(folder.file('content'), folder.fresh(), { to: other.generateKey() as never })
    expect((await rejectionOf(sealing)).code).toBe('INVALID_ARGUMENT')
    const error = failureOf(() => other.parseKey('7'))
    expect(error).not.toBeInstanceOf((await import('../../ts/index.ts')).HoldfastError)
    expect(isHoldfastError(error, 'KEY_LENGTH')).toBe(true)
    expect(other.isHoldfastError(failureOf(() => generateKey().equals(null as never)))).toBe(true)
  })

  it('row 47: are loaded by a worker and by its parent', async () => {
    const copy = packageCopy('shipped')
    const body = `
      import { Worker } from 'node:worker_threads'
      const code = \`
        import { parentPort, workerData } from 'node:worker_threads'
        const [one, two] = await Promise.all(workerData.map((address) => import(address)))
        parentPort.postMessage(two.parseKey(one.generateKey().format()).closed)\`
      const other = await import(args[0])
      other.generateKey()
      const settings = { eval: true, workerData: [entry, args[0]], execArgv: ['--input-type=module'] }
      new Worker(code, settings).on('message', (closed) => console.log(closed))
    `
    expect(await script(body, { args: [copy.url()] })).toMatchObject({ code: 0, output: 'false\n', complaint: '' })
  })
})

describe('a package without its addon', () => {
  it('row 47: can be imported, and its first use is ADDON_MISSING naming the package', async () => {
    const bare = await packageCopy('none').index()
    expect(bare.version).toMatch(/^\d/)
    const platform = expect.stringContaining(process.arch)
    for (const use of [() => bare.generateKey(), () => bare.parseKey('7'), () => bare.password('correct horse')]) {
      expect(failureOf(use)).toMatchObject({
        name: 'PlatformError',
        code: 'ADDON_MISSING',
        details: { platform, package: expect.stringMatching(/^holdfast-[a-z0-9-]+$/) },
        message: expect.stringContaining('holdfast-'),
      })
    }
    expect((await rejectionOf(bare.inspect('a'))).code).toBe('ADDON_MISSING')
    expect(bare.parseKey.safe('7')).toMatchObject({ ok: false, code: 'ADDON_MISSING' })
    expect(failureOf(() => bare.generateKey()).message).not.toContain(folder.path)
  })

  it('row 47: is not fooled by an environment variable', async () => {
    const { output } = await script(
      `process.env.NAPI_RS_NATIVE_LIBRARY_PATH = args[0]
       console.log(holdfast.parseKey.safe('7').code)`,
      { args: [folder.file('not an addon')] },
    )
    expect(output).toBe('KEY_LENGTH\n')
  })
})
