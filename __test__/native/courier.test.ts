import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { addon, type Native } from '../../ts/native/binding.ts'
import { type Ended, script } from '../processes/script.ts'
import { testFolder } from '../seal/folder.ts'
import { MemoryCourier, type Request } from './memory-courier.ts'

const folder = testFolder()
const OPTIONS = { exclude: [], tags: ['nightly'], host: 'here', compress: true, dryRun: false, skipped: [] }
const RESTORE = { paths: [], overwrite: false, partial: false, specialBits: false }

const control = (): Native<'Control'> => new (addon().Control)()

function credentials(): Native<'CredentialSet'> {
  const set = new (addon().CredentialSet)()
  set.addKey(addon().KeyHandle.generate(), 'test')
  return set
}

let memory: MemoryCourier
let repository: Native<'RepositoryHandle'>
let source: string

beforeEach(async () => {
  memory = new MemoryCourier()
  repository = await addon().createRepository(control(), memory.courier, credentials(), folder.fresh())
  source = folder.fresh()
  mkdirSync(source)
  for (let index = 0; index < 12; index += 1) writeFileSync(join(source, `${index}`), randomBytes(400_000))
})

const backUp = (by = control()): ReturnType<ReturnType<typeof addon>['repositoryBackup']> =>
  addon().repositoryBackup(by, repository, [{ kind: 'path', path: source, name: 'data' }], OPTIONS)

describe('a courier', () => {
  it('brings what was put back as it was', async () => {
    const made = await backUp()
    expect(made).toMatchObject({ filesNew: 12, filesChanged: 0, problems: [], warnings: [] })
    expect(made.snapshot).toMatchObject({ host: 'here', tags: ['nightly'], sources: ['data'], incomplete: false })
    const target = folder.fresh()
    const restored = await addon().repositoryRestore(control(), repository, 'latest', target, RESTORE)
    expect(restored).toMatchObject({ entries: 13, kept: 0, problems: [] })
    for (let index = 0; index < 12; index += 1) {
      expect(readFileSync(join(target, 'data', `${index}`)).equals(readFileSync(join(source, `${index}`)))).toBe(true)
    }
    const { snapshots, suspicion } = await addon().repositorySnapshots(control(), repository)
    expect(snapshots.map(({ id }) => id)).toEqual([made.snapshot.id])
    expect(suspicion).toBeNull()
  })

  it('takes answers in any order', async () => {
    await backUp()
    const held: Request[] = []
    memory.meddle = (request) => {
      held.push(request)
      // The newest first, once nothing more comes.
      setTimeout(() => {
        const newest = held.pop()
        if (newest !== undefined) void memory.answer(newest)
      }, 5)
      return true
    }
    const checks = [control(), control(), control()].map((by) => addon().repositoryCheck(by, repository, 10_000))
    for (const { problems, snapshots } of await Promise.all(checks)) {
      expect({ problems, snapshots }).toEqual({ problems: [], snapshots: 1 })
    }
  })

  it('says which operation asks', async () => {
    const [one, other] = [control(), control()]
    expect(one.id).not.toBe(other.id)
    memory.requests.length = 0
    await Promise.all([one, other].map((by) => addon().repositorySnapshots(by, repository)))
    expect(new Set(memory.requests.map(({ operation }) => operation))).toEqual(new Set([one.id, other.id]))
  })

  it('hands the digest of a sealed object over with its bytes', async () => {
    await backUp()
    const puts = memory.requests.filter(({ kind, name }) => kind === 'put' && name?.endsWith('.age'))
    expect(puts.length).toBeGreaterThan(3)
    for (const { sha256, name } of puts) {
      const bytes = memory.objects.get(name ?? '') ?? Buffer.of()
      expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
  })

  it('hands an object over in pieces, whole, and then no more', async () => {
    const seen: [string | undefined, string][] = []
    memory.meddle = ({ id, kind, length = 0, sha256 }) => {
      if (kind !== 'put') return false
      const [whole, piece] = [createHash('sha256'), Buffer.alloc(70_000)]
      let offset = 0
      for (let count = 1; count > 0; offset += count) {
        count = memory.courier.fill(id, offset, piece)
        whole.update(piece.subarray(0, count))
      }
      expect([offset, memory.courier.fill(id, length, piece)]).toEqual([length, 0])
      seen.push([sha256, whole.digest('hex')])
      expect(() => memory.courier.fill(id, 0.5, piece)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
      return false
    }
    await backUp()
    expect(seen.length).toBeGreaterThan(2)
    for (const [named, found] of seen) expect(found).toBe(named)
    memory.meddle = ({ id, kind }) => {
      if (kind !== 'put') return false
      const bytes = memory.courier.take(id)
      expect(bytes?.byteLength).toBeGreaterThan(0)
      expect([memory.courier.take(id), memory.courier.fill(id, 0, Buffer.alloc(9))]).toEqual([null, 0])
      memory.courier.answerDone(id)
      expect(memory.courier.take(id)).toBeNull()
      return true
    }
    writeFileSync(join(source, 'more'), randomBytes(100_000))
    await expect(backUp()).rejects.toMatchObject({ code: 'UPLOAD_MISMATCH' })
  })

  it('takes an answer in pieces', async () => {
    await backUp()
    memory.meddle = ({ id, kind, name = '', offset = 0, length }) => {
      const bytes = memory.objects.get(name)
      if (kind !== 'get' || bytes === undefined) return false
      const range = bytes.subarray(offset, length === undefined ? undefined : offset + length)
      for (let at = 0; at < range.length; at += 50_000) memory.courier.answerPart(id, range.subarray(at, at + 50_000))
      memory.courier.answerBytes(id, Buffer.of())
      return true
    }
    const { problems, snapshots, packs } = await addon().repositoryCheck(control(), repository, 10_000)
    expect({ problems, snapshots }).toEqual({ problems: [], snapshots: 1 })
    expect(packs).toBeGreaterThan(0)
    const restored = await addon().repositoryRestore(control(), repository, 'latest', folder.fresh(), RESTORE)
    expect(restored).toMatchObject({ entries: 13, problems: [] })
  })

  it('passes a failure on with its code, its message and the number of its request', async () => {
    memory.meddle = ({ id, kind }) => {
      if (kind !== 'put') return false
      memory.courier.answerFailure(id, 'DESTINATION_FULL', 'there is no room')
      return true
    }
    const failure = backUp()
    await expect(failure).rejects.toMatchObject({ code: 'DESTINATION_FULL', message: 'there is no room', safe: true })
    const puts = memory.requests.filter(({ kind, operation }) => kind === 'put' && operation !== 0).map(({ id }) => id)
    await expect(failure).rejects.toSatisfy(({ details }) => puts.includes(details.request))
  })

  it('fails the request whose callback throws, and the process lives', async () => {
    memory.meddle = () => {
      throw new Error('of my own')
    }
    await expect(addon().repositorySnapshots(control(), repository)).rejects.toMatchObject({ code: 'INTERNAL' })
    memory.meddle = () => false
    await expect(addon().repositorySnapshots(control(), repository)).resolves.toMatchObject({ snapshots: [] })
  })

  it('ignores answers to what nobody asked, and refuses answers of another kind', async () => {
    memory.courier.answerDone(4_000_000)
    memory.courier.answerBytes(4_000_001, null)
    memory.meddle = ({ id }) => {
      memory.courier.answerDone(id)
      return true
    }
    await expect(addon().repositorySnapshots(control(), repository)).rejects.toMatchObject({ code: 'INTERNAL' })
    memory.meddle = ({ id }) => {
      memory.courier.answerList(id, ['holdfast.json'], [0.5], [null])
      return true
    }
    await expect(addon().repositorySnapshots(control(), repository)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each(['list', 'get', 'put'] as const)('wakes who waits for a %s when the operation is cancelled', async (kind) => {
    memory.meddle = (request) => request.kind === kind
    const by = control()
    const running = backUp(by)
    await memory.seen(kind)
    const begun = performance.now()
    by.cancel()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(performance.now() - begun).toBeLessThan(2000)
    memory.meddle = () => false
    await expect(backUp()).resolves.toMatchObject({ filesNew: 12 })
  })

  it('wakes who waits when it is closed', async () => {
    memory.meddle = () => true
    const running = addon().repositorySnapshots(control(), repository)
    await memory.seen('list')
    memory.courier.close()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(addon().repositorySnapshots(control(), repository)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(() => addon().openRepository(control(), memory.courier, credentials(), null, false)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

describe('a stream', () => {
  it('is read to its end and closed, and a second backup reads it again', async () => {
    const content = randomBytes(3_000_000)
    const at = new Map<number, number>()
    memory.meddle = ({ id, kind, stream = 0 }) => {
      if (kind === 'open') {
        at.set(stream, 0)
        memory.courier.answerDone(id)
      } else if (kind === 'read') {
        const from = at.get(stream) ?? 0
        at.set(stream, from + 70_000)
        memory.courier.answerBytes(id, from < content.length ? content.subarray(from, from + 70_000) : null)
      }
      return kind === 'open' || kind === 'read' || kind === 'close'
    }
    const sources = [{ kind: 'stream', name: 'dump', modifiedSeconds: 7, modifiedNanos: 8 } as const]
    for (const expected of [{ filesNew: 1 }, { filesUnchanged: 1 }]) {
      const made = await addon().repositoryBackup(control(), repository, sources, OPTIONS)
      expect(made).toMatchObject({ ...expected, readBytes: content.length, problems: [] })
    }
    const [opened, closed] = ['open', 'close'].map((kind) => memory.requests.filter((one) => one.kind === kind))
    expect(opened?.map(({ stream, source }) => [stream, source])).toEqual(closed?.map(({ stream }) => [stream, 0]))
    memory.meddle = () => false
    const file = await addon().repositoryFile(control(), repository, 'latest', 'dump')
    expect(file.size).toBe(content.length)
    expect((await file.read(control(), 1_500_000, 9)).equals(content.subarray(1_500_000, 1_500_009))).toBe(true)
  })

  it('that fails is a problem of the snapshot, with its message', async () => {
    memory.meddle = ({ id, kind }) => {
      if (kind === 'open') memory.courier.answerDone(id)
      if (kind === 'read') memory.courier.answerFailure(id, 'INTERNAL', 'the dump broke')
      return kind === 'open' || kind === 'read' || kind === 'close'
    }
    const sources = [
      { kind: 'path', path: source, name: 'data' },
      { kind: 'stream', name: 'dump' },
    ] as const
    const made = await addon().repositoryBackup(control(), repository, [...sources], OPTIONS)
    expect(made.snapshot.incomplete).toBe(true)
    expect(made.problems).toMatchObject([{ code: 'SOURCE_UNREADABLE', details: { path: 'dump', kind: 'unreadable' } }])
    expect(made.problems[0]?.message).toContain('the dump broke')
  })

  it('that hangs is left when the operation is cancelled', async () => {
    memory.meddle = ({ id, kind }) => {
      if (kind === 'open') memory.courier.answerDone(id)
      return kind === 'open' || kind === 'read' || kind === 'close'
    }
    const by = control()
    const running = addon().repositoryBackup(by, repository, [{ kind: 'stream', name: 'dump' }], OPTIONS)
    await memory.seen('read')
    by.cancel()
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect.poll(() => memory.requests.map(({ kind }) => kind)).toContain('close')
  })
})

/** A destination in memory that answers in a later turn; never, once `silent` is set. */
const DESTINATION = `
  const addon = holdfast.addon()
  const objects = new Map()
  let silent = false
  let puts = 0
  const courier = new addon.Courier((request) => {
    if (request === null) return
    if (request.kind === 'put' && /packs/.test(request.name)) puts += 1
    if (silent) return
    setImmediate(() => {
      const { id, kind, name } = request
      if (kind === 'list') {
        const found = [...objects].filter(([key]) => key.startsWith(name))
        const sizes = found.map(([, bytes]) => bytes.length)
        return courier.answerList(id, found.map(([key]) => key), sizes, found.map(() => null))
      }
      if (kind === 'get') return courier.answerBytes(id, objects.get(name) ?? null)
      if (kind === 'put') objects.set(name, Uint8Array.from(courier.take(id)))
      courier.answerDone(id)
    })
  })
  const create = () => addon.createRepository(new addon.Control(), courier, new addon.CredentialSet(), null)
  const options = { exclude: [], tags: [], host: 'here', compress: false, dryRun: false, skipped: [] }
  const backUp = (repository, path) =>
    addon.repositoryBackup(new addon.Control(), repository, [{ kind: 'path', path, name: 'data' }], options)
`

const entry = new URL('../../dist/native/binding.js', import.meta.url).href

function cleanly({ code, signal, complaint, output }: Ended): string {
  expect({ code, signal, complaint }).toEqual({ code: 0, signal: null, complaint: '' })
  return output.trim()
}

describe('the end of an environment', () => {
  const file = (): string => folder.file(randomBytes(48 * 2 ** 20))

  it('row 31: a worker that is terminated in mid-backup, with puts unanswered, ends at once', async () => {
    const body = `
      import { Worker } from 'node:worker_threads'
      const work = \`
        import { parentPort, workerData as args } from 'node:worker_threads'
        const holdfast = await import(\${JSON.stringify(entry)})
        ${DESTINATION.replaceAll('`', '\\`')}
        const repository = await create()
        silent = args[1]
        backUp(repository, args[0])
        setTimeout(() => parentPort.postMessage('begun'), args[2])\`
      const execArgv = ['--input-type=module']
      for (let round = 0; round < 6; round += 1) {
        const workers = [false, true, true].map((silent) =>
          new Worker(work, { eval: true, workerData: [args[0], silent, round * 30], execArgv }))
        await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
        const begun = performance.now()
        await Promise.all(workers.map((worker) => worker.terminate()))
        if (performance.now() - begun > 5000) throw new Error('terminate took ' + (performance.now() - begun))
      }
      ${DESTINATION}
      const repository = await create()
      const { filesNew } = await backUp(repository, args[0])
      console.log(filesNew)
    `
    expect(cleanly(await script(body, { entry, args: [file()] }))).toBe('1')
  })

  it('row 31: process.exit in mid-backup comes at once and cleanly', async () => {
    const body = `${DESTINATION}
      const repository = await create()
      silent = args[1] === 'silent'
      backUp(repository, args[0])
      setTimeout(() => process.exit(7), Number(args[2]))
    `
    for (const [kind, wait] of [
      ['silent', 50],
      ['silent', 400],
      ['answering', 5],
      ['answering', 60],
    ] as const) {
      const { code, signal, complaint } = await script(body, { entry, args: [file(), kind, `${wait}`] })
      expect({ code, signal, complaint }).toEqual({ code: 7, signal: null, complaint: '' })
    }
  })

  it('row 31: an open repository keeps no process alive, and a backup that nobody awaits does', async () => {
    const body = `${DESTINATION}
      const repository = await create()
      console.log('open')
      if (args[1] === 'backup') backUp(repository, args[0]).then(({ filesNew }) => console.log(filesNew))
    `
    expect(cleanly(await script(body, { entry, args: [file()] }))).toBe('open')
    expect(cleanly(await script(body, { entry, args: [file(), 'backup'] }))).toBe('open\n1')
  })
})
