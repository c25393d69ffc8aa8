import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  copyRepository,
  createRepository,
  type Destination,
  generateKey,
  openRepository,
  type RecoveryKey,
  type Repository,
} from '../../ts/index.ts'
import { at, Faulty, type When } from '../doubles/faulty.ts'
import { Memory } from '../doubles/memory.ts'
import { content, testFolder } from '../seal/folder.ts'

const folder = testFolder()

let key: RecoveryKey
let next: RecoveryKey
/** A repository with one snapshot of a file, which has changed since. */
let base: Memory
/** The snapshot that was acknowledged. */
let first: string

beforeEach(async () => {
  key = generateKey()
  next = generateKey()
  base = new Memory()
  writeFileSync(folder.at('file'), content(20_000, 1))
  await using repository = await createRepository(base, { to: key, stateDir: null })
  first = (await repository.backup(folder.at('file'))).id
  writeFileSync(folder.at('file'), content(20_000, 2))
})

function copyOf(memory: Memory): Memory {
  const copy = new Memory()
  for (const [path, { bytes }] of memory.objects) copy.plant(path, bytes.slice())
  return copy
}

/** What is done when the process is gone, on a repository that `key` opens at first. */
type Work = (repository: Repository) => Promise<unknown>

const WORKS: Record<string, Work> = {
  'a check': (repository) => repository.check({ read: 'all' }),
  'the statistics': (repository) => repository.stats(),
  'a new credential': (repository) => repository.credentials.add(next),
  'a file that is read': async (repository) => {
    await using reader = await repository.openFile(first, 'file')
    return reader.read(0, reader.size)
  },
}

/** What writes: where the destination keeps half of an object, which none should, the rest must be safe. */
const WRITERS: Record<string, Work> = {
  'a backup': (repository) => repository.backup(folder.at('file')),
  'a new credential': (repository) => repository.credentials.add(next),
  'a change of credentials': (repository) => repository.credentials.change(key, next),
}

async function openWith(store: Destination, ...keys: RecoveryKey[]): Promise<Repository> {
  return openRepository(store, { with: keys, stateDir: null })
}

/** What was acknowledged restores, and nothing is wrong but with `torn`, an object that is there in part. */
async function isWhole(memory: Memory, torn: string | undefined): Promise<void> {
  await using repository = await openWith(memory, key, next)
  const target = folder.fresh()
  expect(await repository.restore(first, { to: target })).toMatchObject({ complete: true })
  expect(readFileSync(join(target, 'file')).equals(content(20_000, 1))).toBe(true)
  const { problems } = await repository.check({ read: 'all' })
  for (const { details } of problems) expect(details).toMatchObject({ object: torn })
}

/** Whether nothing was written. */
function isSame(memory: Memory): boolean {
  return [...memory.objects.keys()].join() === [...base.objects.keys()].join()
}

/** Crashes at the first call, the second and so on, until the work is done without; says at how many. */
async function crashEverywhere(work: Work, when: When): Promise<number> {
  for (let index = 0; ; index += 1) {
    const memory = copyOf(base)
    const store = new Faulty(at(index, { kind: 'crash', when }), memory)
    const attempt = async (): Promise<void> => {
      await using repository = await openWith(store, key)
      await work(repository)
    }
    const failed = await attempt().then(
      () => false,
      () => true,
    )
    const crashed = store.calls[index]
    if (crashed === undefined) {
      expect(failed).toBe(false)
      return index
    }
    const where = `call ${index}, ${crashed.method} ${crashed.path}`
    // Who has all the bytes that were asked for does not see how the stream ends.
    if (when !== 'after' || crashed.method !== 'get') expect(failed, where).toBe(true)
    if (isSame(memory)) continue
    await isWhole(memory, when === 'torn' ? crashed.path : undefined)
    if (when === 'torn') continue
    await using again = await openWith(memory, key, next)
    await work(again).catch((thrown: unknown) => isDone(thrown, where))
  }
}

/** The second attempt may find that the first one had done it. */
function isDone(thrown: unknown, where: string): void {
  expect(thrown, where).toMatchObject({ code: expect.stringMatching(/^(INVALID_ARGUMENT|WRONG_CREDENTIAL)$/) })
}

describe('row 28: a crash at every call to the destination', () => {
  it.each(
    Object.entries(WORKS).flatMap(([name, work]) =>
      (['before', 'after', 'partial'] as const).map((when) => [name, when, work] as const),
    ),
  )('of %s, %s it, costs nothing that was acknowledged', async (_, when, work) => {
    expect(await crashEverywhere(work, when)).toBeGreaterThan(3)
  })

  it.each(Object.entries(WRITERS))(
    'of %s, leaving half an object, costs nothing that was acknowledged',
    async (_, work) => {
      expect(await crashEverywhere(work, 'torn')).toBeGreaterThan(3)
    },
  )

  it.each(['before', 'after', 'partial', 'torn'] as const)(
    'of a copy, %s it, leaves a part that the next copy completes, never one that seems whole',
    async (when) => {
      for (let index = 0; ; index += 1) {
        const memory = new Memory()
        const store = new Faulty(at(index, { kind: 'crash', when }), memory)
        const copied = await copyRepository(base, store).catch(() => undefined)
        if (store.calls[index] === undefined) return expect(copied?.problems).toEqual([])
        expect(copied, `call ${index}`).toBeUndefined()
        await isNoneOrWhole(memory, `call ${index}`)
        if (when === 'torn') continue
        expect((await copyRepository(base, memory)).problems).toEqual([])
        await isWhole(memory, undefined)
      }
    },
  )
})

/** A copy that was cut off does not open, or opens and has what its snapshots need. */
async function isNoneOrWhole(memory: Memory, where: string): Promise<void> {
  const opened = await openWith(memory, key).catch((thrown: unknown) => {
    expect(thrown, where).toMatchObject({ code: expect.not.stringMatching(/INTERNAL/) })
  })
  if (opened === undefined) return
  await using repository = opened
  for await (const { id } of repository.snapshots()) {
    expect(await repository.restore(id, { to: folder.fresh() }), where).toMatchObject({ complete: true })
  }
}
