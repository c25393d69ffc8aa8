import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KINDS, parseObjectName } from '../../ts/backup/object-names.ts'
import { copyRepository, type Destination, localFolder, type Progress } from '../../ts/index.ts'
import { altered } from '../doubles/altered.ts'
import { at, Crashed, Faulty } from '../doubles/faulty.ts'
import { Memory } from '../doubles/memory.ts'
import { rejectionOf } from '../seal/failure.ts'
import { content } from '../seal/folder.ts'
import { all, impatient, testPlace } from './place.ts'
import { below, described } from './tree.ts'

const place = testPlace()
const { folder } = place

/** A repository of two snapshots at `store`. */
async function backedUp(store: Destination): Promise<string> {
  const sources = place.sources({ 'a.bin': content(900_000), 'b.txt': 'b' })
  const repository = await place.create(store, { stateDir: null })
  await repository.backup(sources)
  place.sources({ 'c.bin': content(800_000, 2) })
  await repository.backup(sources)
  await repository.close()
  return sources
}

function sameObjects(one: Memory, other: Memory): void {
  expect([...other.objects.keys()].sort()).toEqual([...one.objects.keys()].sort())
  for (const [name, { bytes }] of one.objects) expect(Buffer.from(other.bytes(name)).equals(bytes), name).toBe(true)
}

describe('a copy of a repository', () => {
  it('has every object, needs no credential, and restores', async () => {
    const [from, to] = [localFolder(folder.at('from')), localFolder(folder.at('to'))]
    const sources = await backedUp(from)
    const reports: Progress[] = []
    const result = await copyRepository(from, to, { onProgress: (progress) => reports.push(progress) })
    expect(result).toMatchObject({ skipped: 0, complete: true, problems: [] })
    expect(reports.at(-1)).toMatchObject({
      phase: 'done',
      bytes: result.bytes,
      total: result.bytes,
      files: result.objects,
    })
    const copy = await place.open(to, { stateDir: null })
    expect(await all(copy.snapshots())).toHaveLength(2)
    expect((await copy.check({ read: 'all' })).ok).toBe(true)
    await copy.restore('latest', { to: folder.at('restored') })
    expect(below(described(folder.at('restored')), 'sources')).toEqual(described(sources))
    const again = await copyRepository(from, to)
    expect(again).toEqual({ objects: 0, bytes: 0, skipped: result.objects, complete: true, problems: [] })
  })

  it('is brought up to date, and repaired where an object was cut', async () => {
    const [from, to] = [new Memory(), new Memory()]
    const sources = await backedUp(from)
    await copyRepository(from, to)
    const [pack = ''] = [...to.objects.keys()].filter((name) => name.includes('/packs/'))
    to.plant(pack, to.bytes(pack).slice(0, 100))
    const repository = await place.open(from, { stateDir: null })
    await repository.backup([
      sources,
      {
        name: 'more',
        open: async function* () {
          yield content(10_000)
        },
      },
    ])
    const result = await copyRepository(from, to)
    expect(result.complete).toBe(true)
    expect(result.skipped).toBeGreaterThan(4)
    sameObjects(from, to)
  })

  it('leaves out objects that are damaged, and names them', async () => {
    const [from, to] = [new Memory(), new Memory()]
    await backedUp(from)
    const [pack = '', gone = ''] = [...from.objects.keys()].filter((name) => name.includes('/packs/'))
    const bytes = from.bytes(pack).slice()
    bytes[7] = (bytes[7] ?? 0) ^ 1
    from.plant(pack, bytes)
    const vanishing = altered(from, {
      get: (name, options) => {
        if (name === gone) from.objects.delete(name)
        return from.get(name, options)
      },
    })
    const result = await copyRepository(impatient(vanishing), to)
    expect(result.complete).toBe(false)
    expect(result.problems.map(({ code, details }) => [code, 'object' in details && details.object]).sort()).toEqual([
      ['OBJECT_MISMATCH', pack],
      ['OBJECT_MISSING', gone],
    ])
    expect(to.objects.has(pack)).toBe(false)
    expect(to.objects.size).toBe(from.objects.size - 1)
  })

  it('is refused where another repository is, or where there is none', async () => {
    const [from, to] = [new Memory(), new Memory()]
    await backedUp(from)
    await backedUp(to)
    const before = new Map(to.objects)
    expect(await rejectionOf(copyRepository(from, to))).toMatchObject({ code: 'OBJECT_EXISTS' })
    expect(to.objects).toEqual(before)
    expect(await rejectionOf(copyRepository(new Memory(), to))).toMatchObject({ code: 'NOT_A_REPOSITORY' })
    expect(await rejectionOf(copyRepository('x' as never, to))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await rejectionOf(copyRepository(from, to, { signal: 7 as never }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it('copies nothing that is no object of a repository', async () => {
    const [from, to] = [new Memory(), new Memory()]
    await backedUp(from)
    from.plant('notes.txt', Buffer.from('mine'))
    from.plant('e1/packs/00/short.age', Buffer.from('x'))
    await copyRepository(from, to)
    expect([...to.objects.keys()].filter((name) => /notes|short/.test(name))).toEqual([])
  })

  it.each(['before', 'after', 'partial'] as const)(
    'row 28: that crashes %s any call is none yet, or whole, and is finished by the next',
    async (when) => {
      const [from, older] = [new Memory(), new Memory()]
      const sources = await backedUp(from)
      await copyRepository(from, older)
      const repository = await place.open(from, { stateDir: null })
      await repository.backup([
        sources,
        {
          name: 'more',
          open: async function* () {
            yield content(10_000)
          },
        },
      ])
      for (const begun of [new Memory(), older]) {
        for (let index = 0; ; index += 1) {
          const inner = new Memory()
          for (const [name, stored] of begun.objects) inner.objects.set(name, stored)
          const to = new Faulty(at(index, { kind: 'crash', when }), inner)
          const outcome = await copyRepository(from, impatient(to)).catch((thrown: unknown) => thrown)
          if (to.calls.length <= index) break
          expect(outcome).toBeInstanceOf(Crashed)
          const opened = await place.open(inner, { stateDir: null }).catch((thrown: unknown) => thrown)
          if (opened instanceof Error) expect(opened).toMatchObject({ code: 'NOT_A_REPOSITORY' })
          else expect(await (opened as typeof repository).check({ read: 'all' })).toMatchObject({ ok: true })
          await copyRepository(from, inner)
          sameObjects(from, inner)
        }
      }
    },
  )

  it('row 29: rejects with the reason of its signal, and with what its callback throws', async () => {
    const [from, to] = [new Memory(), new Memory()]
    await backedUp(from)
    const stop = new Error('enough')
    await expect(copyRepository(from, to, { signal: AbortSignal.abort(stop) })).rejects.toBe(stop)
    const controller = new AbortController()
    const slow = new Faulty(() => ({ kind: 'slow', ms: 40 }), to)
    setTimeout(() => controller.abort(stop), 100)
    await expect(copyRepository(from, slow, { signal: controller.signal })).rejects.toBe(stop)
    const onProgress = (): never => {
      throw stop
    }
    await expect(copyRepository(from, slow, { onProgress })).rejects.toBe(stop)
  })
})

describe('the name of an object', () => {
  const digest = createHash('sha256').update('x').digest('hex')
  it.each([
    ['holdfast.json', 'repository', undefined],
    ['e1/epoch.json', 'claim', undefined],
    ['e12/keyring/open.json', 'open', undefined],
    [`e1/keyring/password-${digest}.age`, 'slot', digest],
    [`e1/complete/${digest}.age`, 'complete', digest],
    [`e1/packs/${digest.slice(0, 2)}/${digest}.age`, 'pack', digest],
    [`e1/indexes/${digest}.age`, 'index', digest],
    [`e1/snapshots/20261123T101112Z-${digest}.age`, 'snapshot', digest],
    [`e1/tombstones/20261123T101112Z-${digest}.age`, 'tombstone', digest],
  ])('%s is that of a %s', (name, kind, expected) => {
    expect(parseObjectName(name)).toEqual({ kind, digest: expected })
    expect(KINDS).toContain(kind)
  })

  it.each([
    '',
    'e0/epoch.json',
    'e01/epoch.json',
    'x/holdfast.json',
    `e1/packs/zz/${digest}.age`,
    `e1/packs/00/${digest}.age`,
    `e1/indexes/${digest.toUpperCase()}.age`,
    `e1/indexes/${digest}`,
    `e1/snapshots/${digest}.age`,
    `e1/indexes/${digest}.age\n`,
  ])('is not %j', (name) => {
    expect(parseObjectName(name)).toBeUndefined()
  })
})
