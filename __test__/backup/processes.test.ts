import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { localFolder } from '../../ts/index.ts'
import { type Ended, script } from '../processes/script.ts'
import { content } from '../seal/folder.ts'
import { all, testPlace } from './place.ts'
import { below, described } from './tree.ts'

const place = testPlace()
const { folder } = place

function cleanly({ code, signal, complaint, output }: Ended): string {
  expect({ code, signal, complaint }).toEqual({ code: 0, signal: null, complaint: '' })
  return output.trim()
}

/** Some files that take a while to back up. */
function many(count: number, length: number): string {
  return place.sources(Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.bin`, content(length, n)])))
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

describe('repositories in processes', () => {
  it('row 31: survive forced garbage collection, while they work and when nobody closes them', async () => {
    const body = `
      const { createRepository, generateKey, localFolder } = holdfast
      const [sources, store, target] = args
      let running = true
      const collect = (async () => {
        while (running) {
          globalThis.gc()
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      })()
      for (let number = 0; number < 3; number += 1) {
        const repository = await createRepository(localFolder(store + number), { to: generateKey(), stateDir: null })
        const extra = { name: 'x', open: async function* () { yield Buffer.alloc(200_000) } }
        const { id } = await repository.backup([sources, extra])
        const file = await repository.openFile(id, 'sources/0.bin')
        const entries = repository.list(id)[Symbol.asyncIterator]()
        const restored = repository.restore(id, { to: target + number })
        await Promise.all([file.read(5, 100_000), entries.next(), restored, repository.check({ read: 'all' })])
      }
      running = false
      await collect
      console.log('done')
    `
    const args = [many(3, 200_000), folder.fresh(), folder.fresh()]
    expect(cleanly(await script(body, { options: ['--expose-gc'], args }))).toBe('done')
  })

  it('row 31: give back their memory when nobody closes them', async () => {
    const body = `
      const { createRepository, localFolder, openRepository } = holdfast
      await createRepository(localFolder(args[0]), { unprotected: true, stateDir: null })
      const grow = async (count) => {
        for (let round = 0; round < count; round += 1) {
          const repository = await openRepository(localFolder(args[0]), { stateDir: null })
          repository.weight = Buffer.alloc(1_048_576, round)
        }
        for (let round = 0; round < 5; round += 1) {
          globalThis.gc()
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        return process.memoryUsage.rss()
      }
      const before = await grow(30)
      console.log((await grow(100)) - before)
    `
    const grown = Number(cleanly(await script(body, { options: ['--expose-gc'], args: [folder.at('store')] })))
    // A hundred that stayed would be 100 MiB.
    expect(grown).toBeLessThan(50 * 2 ** 20)
  })

  it('row 31: work in eight worker threads at a time, and end', async () => {
    const body = `${WORKER}
      const work = \`
        const [sources, store, target] = args
        const repository = await holdfast.createRepository(holdfast.localFolder(store), { unprotected: true, stateDir: null })
        const { snapshot } = await repository.backup(sources)
        const { bytes } = await repository.restore(snapshot, { to: target })
        parentPort.postMessage(bytes)\`
      const seen = []
      const workers = Array.from({ length: 8 }, (_, index) => start(work, args[0], args[1] + index, args[2] + index))
      for (const worker of workers) worker.on('message', (bytes) => seen.push(bytes))
      const codes = await Promise.all(workers.map(ended))
      console.log(JSON.stringify({ codes, seen }))
    `
    const output = cleanly(await script(body, { args: [many(5, 400_000), folder.fresh(), folder.fresh()] }))
    expect(JSON.parse(output)).toEqual({ codes: Array(8).fill(0), seen: Array(8).fill(2_000_000) })
  })

  it('row 28, row 31: go on after workers that were terminated and processes that left in the middle', async () => {
    const sources = many(40, 600_000)
    const store = localFolder(folder.at('store'))
    const repository = await place.create(store, { unprotected: true })
    await repository.close()
    const terminated = `${WORKER}
      const work = \`
        const repository = await holdfast.openRepository(holdfast.localFolder(args[1]), { stateDir: args[2] })
        parentPort.postMessage('begun')
        await repository.backup(args[0])\`
      for (let round = 0; round < 6; round += 1) {
        const worker = start(work, ...args)
        await new Promise((resolve) => worker.once('message', resolve))
        await new Promise((resolve) => setTimeout(resolve, round * 10))
        await worker.terminate()
      }
      console.log('goes on')
    `
    const args = [sources, folder.at('store'), place.state]
    expect(cleanly(await script(terminated, { args }))).toBe('goes on')
    const left = `
      const repository = await holdfast.openRepository(holdfast.localFolder(args[1]), { stateDir: args[2] })
      repository.backup(args[0], { onProgress: ({ bytes }) => bytes > 3_000_000 && process.exit(7) })
      repository.check({ read: 'all' })
      setTimeout(() => process.exit(7), 400)
    `
    for (let round = 0; round < 3; round += 1) {
      const { code, signal, complaint } = await script(left, { args })
      expect({ code, signal, complaint }).toEqual({ code: 7, signal: null, complaint: '' })
    }
    const again = await place.open(store, { with: undefined })
    const { id, complete } = await again.backup(sources)
    expect(complete).toBe(true)
    await again.restore(id, { to: folder.at('restored') })
    expect(below(described(folder.at('restored')), 'sources')).toEqual(described(sources))
    expect((await again.check({ read: 'all' })).ok).toBe(true)
    expect(await all(again.snapshots())).not.toEqual([])
    expect(readdirSync(folder.at('store')).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('row 31: keep no process waiting when nobody closes them, and are waited for while they work', async () => {
    const body = `
      const { createRepository, localFolder, openRepository } = holdfast
      const [sources, store, stateDir] = args
      const repository = await createRepository(localFolder(store), { unprotected: true, stateDir })
      await repository.backup(sources)
      await repository.openFile('latest', 'sources/0.bin')
      await repository.list('latest')[Symbol.asyncIterator]().next()
      await repository.backup({ name: 'x', open: () => { throw new Error('mine') } }).catch(() => {})
      console.log(performance.now())
      process.on('exit', () => console.log(performance.now()))
      repository.backup([sources, { name: 'slow', open: async function* () {
        await new Promise((resolve) => setTimeout(resolve, 100))
        yield Buffer.from('x')
      } }]).then(({ complete }) => console.log(complete))
    `
    const args = [many(3, 100_000), folder.at('store'), place.state]
    const [done = '', complete = '', gone = ''] = cleanly(await script(body, { args })).split('\n')
    expect(complete).toBe('true')
    // Milliseconds; the limit is generous for a busy machine.
    expect(Number(gone) - Number(done)).toBeLessThan(5000)
  })

  it('are locked against each other where they share their state', async () => {
    const sources = many(2, 100_000)
    const store = localFolder(folder.at('store'))
    const repository = await place.create(store, { unprotected: true })
    const body = `
      const repository = await holdfast.openRepository(holdfast.localFolder(args[1]), { stateDir: args[2] })
      const outcome = await repository.backup(args[0]).catch((error) => error)
      console.log(outcome.code ?? outcome.complete, outcome.name, outcome.retryable)
    `
    const args = [sources, folder.at('store'), place.state]
    let other = ''
    const open = async function* (): AsyncGenerator<Uint8Array> {
      other = cleanly(await script(body, { args }))
      yield Buffer.from('x')
    }
    await repository.backup({ name: 'holds the lock', open })
    expect(other).toBe('LOCKED AvailabilityError true')
    expect(cleanly(await script(body, { args }))).toMatch(/^true/)
  })
})
