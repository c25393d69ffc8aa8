import { existsSync, readdirSync, truncateSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { password, sealFile, verifyFile } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { script } from './script.ts'

const folder = testFolder()

/** Seals args[0] with the default cost, prints the outcome, then seals with a key. */
const SEAL = `
  const { generateKey, password, sealFile } = holdfast
  const [source, target, cost] = args
  const warnings = []
  process.on('warning', ({ name, code, message }) => warnings.push({ name, code, message }))
  const secret = password('correct horse', cost ? { cost } : {})
  const outcome = await sealFile(source, target, { to: secret }).catch((error) => error)
  await sealFile(source, target + '.key', { to: generateKey() })
  await new Promise(setImmediate)
  console.log(JSON.stringify({ outcome, warnings }))
`
const PROBE = `
  import { readFileSync } from 'node:fs'
  await holdfast.sealFile(args[0], args[1], { to: holdfast.generateKey() })
  console.log(/VmPeak:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
`
/** Says how much memory key derivations may take: args[3], in MiB. */
const CONFIGURE = 'holdfast.configure({ kdfMemory: Number(args[3]) * 2 ** 20 })\n'

async function sealed(body: string, ...args: string[]) {
  const source = folder.file('content')
  const target = folder.fresh()
  const { code, output, complaint } = await script(body, { args: [source, target, ...args] })
  expect({ code, complaint }).toMatchObject({ code: 0 })
  return { target, ...JSON.parse(output) }
}

if (process.platform === 'linux') {
  describe('a process whose address space is limited', () => {
    it('row 14: gets OUT_OF_MEMORY from a derivation that does not fit, lives and goes on', async () => {
      const source = folder.file('content')
      const probe = await script(PROBE, { args: [source, folder.fresh()] })
      const peakKib = Number(probe.output)
      expect(peakKib).toBeGreaterThan(100_000)
      const target = folder.fresh()
      // Half of what the derivation takes: the rest of a process varies by tens of MiB.
      const setting = { args: [source, target, 'paranoid'], addressSpaceKib: peakKib + 512 * 1024 }
      const { code, output, complaint } = await script(SEAL, setting)
      expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
      expect(JSON.parse(output).outcome).toMatchObject({
        name: 'LimitError',
        code: 'OUT_OF_MEMORY',
        details: { kib: 1_048_576 },
        retryable: true,
        safe: true,
      })
      expect(existsSync(target)).toBe(false)
      expect(existsSync(`${target}.key`)).toBe(true)
      expect(readdirSync(folder.path).filter((name) => name.endsWith('.partial'))).toEqual([])
    })
  })
}

describe('a process that is configured with little memory for derivations', () => {
  it('row 14: refuses a cost that was named and does not fit', async () => {
    const { outcome, warnings, target } = await sealed(CONFIGURE + SEAL, 'default', '100')
    expect(outcome).toMatchObject({ code: 'OUT_OF_MEMORY', details: { kib: 262_144 } })
    expect(warnings).toEqual([])
    expect(existsSync(target)).toBe(false)
  })

  it('row 14: lowers a cost that was not named, and warns with a code', async () => {
    const { outcome, warnings, target } = await sealed(CONFIGURE + SEAL, '', '100')
    expect(outcome).toMatchObject({ costLowered: true, bytes: 7 })
    expect(warnings).toMatchObject([{ name: 'HoldfastWarning', code: 'HOLDFAST_COST_LOWERED' }])
    expect(await verifyFile(target, { with: password('correct horse') })).toMatchObject({ bytes: 7 })
  })

  it('row 14: refuses where not even the lowest cost fits', async () => {
    const { outcome, target } = await sealed(CONFIGURE + SEAL, '', '32')
    expect(outcome).toMatchObject({ code: 'OUT_OF_MEMORY', details: { kib: 65_536 } })
    expect(existsSync(target)).toBe(false)
  })

  it('row 14: refuses to open what asks for more', async () => {
    const target = folder.fresh()
    await sealFile(folder.file('content'), target, { to: password('correct horse', { cost: 'default' }) })
    const body = `
      holdfast.configure({ kdfMemory: 100 * 2 ** 20 })
      const error = await holdfast.verifyFile(args[0], { with: holdfast.password('correct horse') }).catch((e) => e)
      console.log(JSON.stringify(error))
    `
    const { code, output } = await script(body, { args: [target] })
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ code: 'OUT_OF_MEMORY', details: { kib: 262_144 } })
  })
})

describe('a process in a container', () => {
  it('row 14: takes its memory limit into account without being told', async () => {
    const contained = 'process.constrainedMemory = () => process.memoryUsage.rss() + 100 * 2 ** 20\n'
    expect((await sealed(contained + SEAL, 'default')).outcome).toMatchObject({ code: 'OUT_OF_MEMORY' })
    expect((await sealed(contained + SEAL, '')).outcome).toMatchObject({ costLowered: true })
  })

  it('without a limit stretches at the default cost', async () => {
    const { outcome, warnings } = await sealed(`process.constrainedMemory = () => 0\n${SEAL}`, '')
    expect(outcome).toMatchObject({ costLowered: false })
    expect(warnings).toEqual([])
  })
})

describe('the memory of a process', () => {
  it('row 22: does not grow with the file', async () => {
    const body = `
      const { generateKey, openFile, sealFile } = holdfast
      const key = generateKey()
      await sealFile(args[0], args[1], { to: key, sync: false })
      await openFile(args[1], args[2], { with: key, sync: false })
      console.log(process.resourceUsage().maxRSS)
    `
    const peakKib = async (bytes: number) => {
      const source = folder.file('')
      truncateSync(source, bytes)
      const { output } = await script(body, { args: [source, folder.fresh(), folder.fresh()] })
      return Number(output)
    }
    const [small, large] = [await peakKib(16 * 2 ** 20), await peakKib(256 * 2 ** 20)]
    expect(small).toBeGreaterThan(1024)
    expect(large - small).toBeLessThan(24 * 1024)
  })
})

describe('configure', () => {
  it('is accepted before the first use, again with the same settings, and by workers; not later with others', async () => {
    const body = `
      import { Worker } from 'node:worker_threads'
      const { configure, generateKey, isHoldfastError, sealFile, verifyFile } = holdfast
      const refused = (settings) => {
        try {
          configure(settings)
          return false
        } catch (error) {
          return isHoldfastError(error, 'INVALID_ARGUMENT')
        }
      }
      const key = generateKey()
      const answers = [refused({ threads: 1, kdfMemory: 2 ** 28 }), refused({ threads: 1, kdfMemory: 2 ** 28 })]
      await sealFile(args[0], args[1], { to: key })
      answers.push(refused({ threads: 1, kdfMemory: 2 ** 28 }), refused({ threads: 2, kdfMemory: 2 ** 28 }))
      const code = \`
        import { parentPort, workerData } from 'node:worker_threads'
        const { inspect } = await import(workerData[0])
        parentPort.postMessage((await inspect(workerData[1])).bytes)\`
      const settings = { eval: true, workerData: [entry, args[1]], execArgv: ['--input-type=module'] }
      const worker = new Worker(code, settings)
      worker.on('message', (bytes) => console.log(JSON.stringify({ answers, bytes })))
    `
    const { code, output, complaint } = await script(body, { args: [folder.file('content'), folder.fresh()] })
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' })
    expect(JSON.parse(output)).toEqual({ answers: [false, false, false, true], bytes: 7 })
  })

  it('after a call with the defaults is INVALID_ARGUMENT', async () => {
    const body = `
      await holdfast.sealFile(args[0], args[1], { to: holdfast.generateKey() })
      try {
        holdfast.configure({ threads: 7 })
      } catch (error) {
        console.log(error.code)
      }
    `
    const { output } = await script(body, { args: [folder.file('content'), folder.fresh()] })
    expect(output.trim()).toBe('INVALID_ARGUMENT')
  })
})
