import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type AnyHoldfastError,
  createRepository,
  generateKey,
  isHoldfastError,
  localFolder,
  openRepository,
  type Repository,
} from '../../ts/index.ts'
import { runs } from '../project/property-runs.ts'
import { content } from '../seal/folder.ts'

/** Backups of one folder, to which each finds a file added. */
const BACKUPS = [1, 2, 3]

/** An object of the repository, by what it is for. */
interface Part {
  readonly object: string
  readonly kind: 'clear' | 'slot' | 'complete' | 'packs' | 'indexes' | 'snapshots'
  /** Number of the backup that made it; 0 for those that were there before. */
  readonly backup: number
}

/** What becomes of the bytes at some places; `where` is a fraction, which chooses. */
type Damage = (part: Part, where: number) => readonly Part[]

const keys = [generateKey(), generateKey()]
/** The parts of the repository, oldest first. */
const parts: Part[] = []
/** Ids of the snapshots, by the number of the backup. */
const ids: string[] = ['']
let place: string

const at = (object: string): string => join(place, 'backup', object)
const fileOf = (backup: number): string => `source/file ${backup}`

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'holdfast damage '))
  mkdirSync(join(place, 'source'))
  await using repository = await createRepository(localFolder(at('')), { to: keys, stateDir: null })
  note(0)
  for (const backup of BACKUPS) {
    writeFileSync(join(place, fileOf(backup)), content(30_000, backup))
    ids.push((await repository.backup(join(place, 'source'))).id)
    note(backup)
  }
  await createRepository(localFolder(join(place, 'another')), { to: keys, stateDir: null }).then((made) => made.close())
})

afterAll(() => rmSync(place, { recursive: true, force: true }))

/** Takes note of the objects that are new. */
function note(backup: number): void {
  const names = readdirSync(at(''), { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  const known = new Set(parts.map(({ object }) => object))
  const added = names.filter((name) => /\.(age|json)$/.test(name) && !known.has(name)).sort()
  added.sort((one, other) => Number(other === 'holdfast.json') - Number(one === 'holdfast.json'))
  parts.push(...added.map((object) => ({ object, kind: kindOf(object), backup })))
}

function kindOf(object: string): Part['kind'] {
  if (object.endsWith('.json')) return 'clear'
  const kind = object.split('/')[1]
  if (kind === 'packs' || kind === 'indexes' || kind === 'snapshots' || kind === 'complete') return kind
  return kind === 'keyring' ? 'slot' : expect.fail(`${object} is of no known kind`)
}

const DAMAGES: Record<string, Damage> = {
  'flipped at a byte': (part, where) => {
    const bytes = readFileSync(at(part.object))
    const offset = Math.floor(where * bytes.length)
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (offset % 8))
    writeFileSync(at(part.object), bytes)
    return [part]
  },
  'cut short': (part, where) => {
    const bytes = readFileSync(at(part.object))
    writeFileSync(at(part.object), bytes.subarray(0, Math.floor(where * bytes.length)))
    return [part]
  },
  'swapped with another': (part, where) => {
    const others = parts.filter(({ object }) => object !== part.object)
    const other = others[Math.floor(where * others.length)] ?? part
    const [mine, theirs] = [readFileSync(at(part.object)), readFileSync(at(other.object))]
    writeFileSync(at(part.object), theirs)
    writeFileSync(at(other.object), mine)
    return [part, other]
  },
  'replaced by an older one': (part, where) => {
    const older = parts.slice(0, parts.indexOf(part))
    const other = older[Math.floor(where * older.length)]
    writeFileSync(at(part.object), readFileSync(other ? at(other.object) : join(place, 'another', part.object)))
    return [part]
  },
  deleted: (part) => {
    rmSync(at(part.object))
    return [part]
  },
}

/** What a damaged repository may be refused with, where something is damaged without which it cannot be opened. */
const REFUSALS: Partial<Record<Part['kind'], readonly string[]>> = {
  clear: ['NOT_A_REPOSITORY', 'REPOSITORY_FORGED', 'UNSUPPORTED_VERSION', 'SLOT_FORGED'],
  complete: ['REPOSITORY_FORGED', 'EPOCH_CHANGING', 'NOT_A_REPOSITORY'],
}

/** Whether the damage may cost the snapshot of this backup altogether: its record, or the names of its files. */
const ruins = (damaged: readonly Part[], backup: number): boolean =>
  damaged.some((part) => part.backup === backup && (part.kind === 'snapshots' || part.kind === 'packs'))

/** Whether the damage may cost the file that this backup was the first to have. */
const costs = (damaged: readonly Part[], backup: number): boolean =>
  damaged.some((part) => part.backup === backup && part.kind === 'packs')

/** Does the damage, looks at what comes of it, and makes it good again. */
async function survives(part: Part, damage: Damage, where: number): Promise<void> {
  const before = parts.map(({ object }) => [object, readFileSync(at(object))] as const)
  const target = mkdtempSync(join(place, 'target '))
  try {
    const damaged = damage(part, where)
    const isThere = (object: string): boolean => existsSync(at(object))
    const opened = await open()
    if (isHoldfastError(opened)) return isRefused(opened, damaged)
    await using repository = opened
    await isNamed(
      repository,
      damaged.filter(({ object }) => isThere(object)),
    )
    for (const backup of BACKUPS) await restoresTheRest(repository, damaged, { backup, target })
  } finally {
    rmSync(target, { recursive: true })
    for (const [object, bytes] of before) writeFileSync(at(object), bytes)
  }
}

async function open(): Promise<Repository | AnyHoldfastError> {
  try {
    return await openRepository(localFolder(at('')), { with: keys, stateDir: null, acceptRollback: true })
  } catch (thrown) {
    if (isHoldfastError(thrown)) return thrown
    throw thrown
  }
}

function isRefused(error: AnyHoldfastError, damaged: readonly Part[]): void {
  const slots = damaged.filter(({ kind }) => kind === 'slot')
  const allowed = damaged.flatMap(({ kind }) => REFUSALS[kind] ?? [])
  expect(slots.length === keys.length ? [...allowed, 'OBJECT_MISMATCH'] : allowed).toContain(error.code)
}

async function isNamed(repository: Repository, damaged: readonly Part[]): Promise<void> {
  const { ok, problems } = await repository.check({ read: 'all' })
  expect(ok).toBe(problems.length === 0)
  const told = [...repository.warnings, ...problems]
  const named = told.flatMap(({ details }) => ('object' in details ? [details.object] : []))
  for (const { object, kind } of damaged) if (kind !== 'clear') expect(named).toContain(object)
}

/** Restores what there is: nothing wrong, and nothing missing but what the damage may have cost. */
async function restoresTheRest(
  repository: Repository,
  damaged: readonly Part[],
  { backup, target }: { backup: number; target: string },
): Promise<void> {
  const to = join(target, String(backup))
  const result = await repository.restore(ids[backup] ?? '', { to, partial: true }).catch((thrown: unknown) => {
    if (isHoldfastError(thrown) && thrown.code !== 'INTERNAL') return thrown
    throw thrown
  })
  if (isHoldfastError(result)) {
    expect(ruins(damaged, backup), result.message).toBe(true)
    expect(existsSync(to)).toBe(false)
    return
  }
  const lost = BACKUPS.filter((number) => number <= backup && !existsSync(join(to, fileOf(number))))
  for (const number of BACKUPS.filter((each) => each <= backup && !lost.includes(each))) {
    expect(readFileSync(join(to, fileOf(number))).equals(content(30_000, number))).toBe(true)
  }
  expect(lost.filter((number) => !costs(damaged, number) && !ruins(damaged, backup))).toEqual([])
  expect(result.complete).toBe(lost.length === 0)
  const told = result.problems.flatMap(({ details }) => ('path' in details ? [details.path] : []))
  if (!ruins(damaged, backup)) expect(told.sort()).toEqual(lost.map(fileOf))
}

/** For all objects of one damage: more runs take more time. */
const LIMIT_MS = runs(120_000)
const WHERE = fc.double({ min: 0, max: 0.999_999, noNaN: true })

describe('row 45: every object of a repository in a folder', () => {
  it.each(Object.entries(DAMAGES))(
    'can be %s: it is named, and everything else restores',
    async (_, damage) => {
      for (const part of parts) {
        const property = fc.asyncProperty(WHERE, (where) => survives(part, damage, where))
        await fc.assert(property, { numRuns: runs(damage.length > 1 ? 2 : 1) })
      }
    },
    LIMIT_MS,
  )

  it('is of one of these kinds, and each backup made some', () => {
    const made = (backup: number) => parts.filter((part) => part.backup === backup).map(({ kind }) => kind)
    expect(made(0).sort()).toEqual(['clear', 'clear', 'complete', 'slot', 'slot'])
    for (const backup of BACKUPS) expect(made(backup).sort()).toEqual(['indexes', 'packs', 'snapshots'])
  })
})

describe('row 41: an older state of all of it', () => {
  it('is suspected by who saw the newer one, and restores when it is accepted', async () => {
    const [stateDir, older] = [join(place, 'state'), parts.filter(({ backup }) => backup === 3)]
    const seen = await openRepository(localFolder(at('')), { with: keys, stateDir })
    for await (const { sequence } of seen.snapshots()) expect(sequence).toBeGreaterThan(0)
    await seen.close()
    const before = older.map(({ object }) => [object, readFileSync(at(object))] as const)
    try {
      for (const { object } of older) rmSync(at(object))
      const options = { with: keys, stateDir }
      await using doubtful = await openRepository(localFolder(at('')), options)
      const restored = doubtful.restore('latest', { to: join(place, 'doubtful') })
      await expect(restored).rejects.toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
      expect((await doubtful.check()).problems).toMatchObject([{ code: 'ROLLBACK_SUSPECTED' }])
      await expect(doubtful.backup(join(place, 'source'))).rejects.toMatchObject({ code: 'ROLLBACK_SUSPECTED' })
      await using accepted = await openRepository(localFolder(at('')), { ...options, acceptRollback: true })
      const { snapshot } = await accepted.restore('latest', { to: join(place, 'accepted') })
      expect(snapshot.id).toBe(ids[2])
    } finally {
      for (const [object, bytes] of before) writeFileSync(at(object), bytes)
    }
  })
})
