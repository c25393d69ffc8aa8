import { readdirSync, truncateSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { generateKey, sealFile } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { type Ended, script } from './script.ts'

const folder = testFolder()
const LONG = 512 * 2 ** 20

let long: string

beforeEach(() => {
  long = folder.file('')
  truncateSync(long, LONG)
})

function cleanly({ code, signal, complaint, output }: Ended): string {
  expect({ code, signal, complaint }).toEqual({ code: 0, signal: null, complaint: '' })
  return output.trim()
}

function partials(): string[] {
  return readdirSync(folder.path).filter((name) => name.endsWith('.partial'))
}

/** Defines `start`: a worker that runs `body` with the package as `holdfast` and its data as `args`. */
const WORKER = `
  import { Worker } from 'node:worker_threads'
  const start = (body, ...workerData) => {
    const code = \`
      import { parentPort, workerData as args } from 'node:worker_threads'
      const holdfast = await import(\${JSON.stringify(entry)})
      \${body}\`
    return new Worker(code, { eval: true, workerData, execArgv: ['--input-type=module'] })
  }
  const ended = (worker) => new Promise((resolve) => worker.on('exit', resolve))
`

describe('garbage collection', () => {
  it('row 31: forced in a loop harms no handle, no call and no result', async () => {
    const body = `
      const { generateKey, inspect, openKey, parseKey, password, sealFile, sealKey, verifyFile } = holdfast
      const [source, target] = args
      const digits = generateKey().format()
      await sealFile(source, target, { to: parseKey(digits) })
      let running = true
      const collect = (async () => {
        while (running) {
          globalThis.gc()
          await new Promise(setImmediate)
        }
      })()
      const onProgress = () => {}
      const { signal } = new AbortController()
      for (let round = 0; round < 50; round += 1) {
        await Promise.all([
          verifyFile(target, { with: parseKey(digits), signal, onProgress }),
          verifyFile(target, { with: [generateKey(), parseKey(digits).identity()] }),
          inspect(target),
          verifyFile(target, { with: generateKey() }).catch(() => {}),
        ])
      }
      const secret = () => password('correct horse', { cost: 'interactive' })
      const kept = await sealKey(parseKey(digits), secret())
      if (!(await openKey(kept, secret())).equals(parseKey(digits))) throw new Error('another key')
      running = false
      await collect
      console.log('done')
    `
    const args = [folder.file(new Uint8Array(200_000)), folder.fresh()]
    expect(cleanly(await script(body, { options: ['--expose-gc'], args }))).toBe('done')
  })

  it('row 31: gives back the memory of handles', async () => {
    const body = `
      const text = 'ä'.repeat(1000)
      const grow = async (count) => {
        for (let round = 0; round < count; round += 1) {
          holdfast.password(text)
          if (round % 1000 === 0) await new Promise(setImmediate)
        }
        for (let round = 0; round < 3; round += 1) {
          globalThis.gc()
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        return process.memoryUsage.rss()
      }
      const before = await grow(20_000)
      const after = await grow(20_000)
      console.log(after - before)
    `
    const grown = Number(cleanly(await script(body, { options: ['--expose-gc'] })))
    // 20,000 that stayed would be 80 MB.
    expect(grown).toBeLessThan(32 * 2 ** 20)
  })
})

describe('worker threads', () => {
  it('row 31: eight at a time seal, open and end', async () => {
    const key = generateKey()
    const body = `${WORKER}
      const work = \`
        const [source, target, digits] = args
        const key = holdfast.parseKey(digits)
        for (let round = 0; round < 5; round += 1) {
          await holdfast.sealFile(source, target + round, { to: key, sync: false })
          const { bytes } = await holdfast.openFile(target + round, target + round + '.open', { with: key, sync: false })
          parentPort.postMessage(bytes)
        }\`
      const seen = []
      const workers = Array.from({ length: 8 }, (_, index) => start(work, args[0], args[1] + index + '-', args[2]))
      for (const worker of workers) worker.on('message', (bytes) => seen.push(bytes))
      const codes = await Promise.all(workers.map(ended))
      console.log(JSON.stringify({ codes, seen: seen.length, bytes: [...new Set(seen)] }))
    `
    const args = [folder.file(new Uint8Array(3_000_000)), folder.fresh(), key.format()]
    const output = cleanly(await script(body, { args }))
    expect(JSON.parse(output)).toEqual({ codes: Array(8).fill(0), seen: 40, bytes: [3_000_000] })
    expect(partials()).toEqual([])
  })

  it('row 31: terminated in mid-task leave no file, and the process goes on', async () => {
    const body = `${WORKER}
      import { readdirSync } from 'node:fs'
      import { dirname } from 'node:path'
      const [source, target] = args
      const work = \`
        parentPort.postMessage('begun')
        await holdfast.sealFile(args[0], args[1], { to: holdfast.generateKey(), sync: false })\`
      for (let round = 0; round < 12; round += 1) {
        const workers = Array.from({ length: 4 }, (_, index) => start(work, source, target + round + '-' + index))
        await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
        await new Promise((resolve) => setTimeout(resolve, round * 2))
        await Promise.all(workers.map((worker) => worker.terminate()))
      }
      const partials = () => readdirSync(dirname(target)).filter((name) => name.endsWith('.partial'))
      for (let wait = 0; wait < 200 && partials().length > 0; wait += 1) await new Promise((r) => setTimeout(r, 50))
      await holdfast.sealFile(args[2], target + 'last', { to: holdfast.generateKey() })
      console.log(JSON.stringify(partials()))
    `
    const args = [long, folder.fresh(), folder.file('content')]
    expect(cleanly(await script(body, { args }))).toBe('[]')
  })
})

describe('the end of the process', () => {
  it('row 31: by process.exit in mid-task comes at once and cleanly, and the next run removes what is left', async () => {
    const target = folder.fresh()
    const body = `
      import { readdirSync } from 'node:fs'
      import { dirname } from 'node:path'
      const { generateKey, password, sealFile, sealKey } = holdfast
      const [source, target] = args
      const onProgress = () => {}
      for (const name of ['', 'b', 'c']) sealFile(source, target + name, { to: generateKey(), onProgress })
      sealKey(generateKey(), password('correct horse')).catch(() => {})
      const begun = () => readdirSync(dirname(target)).some((name) => name.endsWith('.partial'))
      setInterval(() => begun() && process.exit(7), 1)
    `
    for (let round = 0; round < 5; round += 1) {
      const { code, signal, complaint } = await script(body, { args: [long, target] })
      expect({ code, signal, complaint }).toEqual({ code: 7, signal: null, complaint: '' })
    }
    const source = folder.file('content')
    for (const name of ['', 'b', 'c']) await sealFile(source, target + name, { to: generateKey() })
    expect(partials()).toEqual([])
  })

  it('row 31: is kept waiting by nothing once the calls are over, whatever became of them', async () => {
    const body = `
      const { generateKey, password, sealFile, verifyFile } = holdfast
      const [source, target] = args
      const key = generateKey()
      const secret = password('correct horse')
      const control = new AbortController()
      const { signal } = control
      const onProgress = () => {}
      await sealFile(source, target, { to: key, signal, onProgress })
      await verifyFile(target, { with: secret, signal, onProgress }).catch(() => {})
      await sealFile(source, target + 'b', { to: key, onProgress: () => { throw new Error('mine') } }).catch(() => {})
      const aborted = sealFile(source, target + 'c', { to: key, signal, onProgress }).catch(() => {})
      control.abort()
      await aborted
      console.log(performance.now())
      process.on('exit', () => console.log(performance.now()))
    `
    const args = [folder.file('content'), folder.fresh()]
    const [done = 0, gone = 0] = cleanly(await script(body, { args }))
      .split('\n')
      .map(Number)
    // Milliseconds; the limit is generous for a busy machine.
    expect(gone - done).toBeLessThan(2000)
  })

  it('waits for a call that nobody awaits', async () => {
    const body = 'holdfast.sealFile(args[0], args[1], { to: holdfast.generateKey() })'
    const target = folder.at('target')
    cleanly(await script(body, { args: [folder.file('content'), target] }))
    expect(readdirSync(folder.path)).toContain('target')
  })
})
