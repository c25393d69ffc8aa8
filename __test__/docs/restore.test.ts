import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import { parseKey } from '../../ts/index.ts'
import { root } from './markdown.ts'

type Name = string | { b64: string }

interface Entry {
  path: Name[]
  type: 'file' | 'directory' | 'symlink'
  mode: number
  mtime: [number, number]
  size?: number
  sha256?: string
  target?: Name
}

interface Expected {
  credential: { kind: string; value: string }
  latest: string
  snapshots: { id: string; tree: Entry[] }[]
}

interface Operation {
  op: 'remove' | 'copy' | 'patch' | 'put'
  path: string
  from?: string
  offset?: number
  hex?: string
  object?: string
}

interface Hostile {
  base: string
  variants: { name: string; operations: Operation[]; code: string | null; pin?: unknown }[]
}

const script = join(root, 'docs/recover/restore-repository.mjs')
const vectors = join(root, 'vectors/external/repository')
const hostile: Hostile = JSON.parse(fs.readFileSync(join(vectors, 'hostile/manifest.json'), 'utf8'))
const posix = process.platform !== 'win32'

const folder = fs.mkdtempSync(join(tmpdir(), 'holdfast restore '))
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

let count = 0
/** A path in the test's folder under which nothing exists. */
function fresh(): string {
  count += 1
  return join(folder, `${count}`)
}

const expectedOf = (name: string): Expected => JSON.parse(fs.readFileSync(join(vectors, name, 'expected.json'), 'utf8'))
const keyOf = (name: string) => expectedOf(name).credential.value
const latestOf = (name: string) => {
  const { latest, snapshots } = expectedOf(name)
  return snapshots.find(({ id }) => id === latest)?.tree ?? []
}

async function restore(repository: string, target: string, key: string, ...options: string[]) {
  const child = spawn(process.execPath, [script, repository, target, ...options])
  child.stdin.end(`${key}\n`)
  const ended = new Promise<number | null>((settle) => child.once('close', settle))
  const [status, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { status, output, errors }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const bytesOf = (name: Name) => (typeof name === 'string' ? Buffer.from(name) : Buffer.from(name.b64, 'base64'))

/** What lies at a path; the target of a link and the content of a file by their bytes. */
function describeEntry(at: Buffer) {
  const { mode, mtimeNs, size } = fs.lstatSync(at, { bigint: true })
  const common = { mode: Number(mode) & 0o7777, microseconds: Math.round(Number(mtimeNs / 100n) / 10) }
  const kind = Number(mode) & fs.constants.S_IFMT
  if (kind === fs.constants.S_IFDIR) return { type: 'directory', ...common }
  if (kind === fs.constants.S_IFLNK) {
    return { type: 'symlink', ...common, target: fs.readlinkSync(at, 'buffer').toString('hex') }
  }
  return { type: 'file', ...common, size: Number(size), sha256: sha256(fs.readFileSync(at)) }
}

/** Every path below a folder, as digits of its bytes, with what lies there. */
function treeOf(top: string, below: Buffer[] = []): [string, ReturnType<typeof describeEntry>][] {
  const at = (names: Buffer[]) =>
    Buffer.concat([Buffer.from(top), ...names.flatMap((name) => [Buffer.from('/'), name])])
  return fs.readdirSync(at(below), 'buffer').flatMap((name) => {
    const path = [...below, name]
    const found = describeEntry(at(path))
    const inside = found.type === 'directory' ? treeOf(top, path) : []
    return [[path.map((each) => each.toString('hex')).join('/'), found], ...inside]
  })
}

function expectedTree(entries: Entry[]): [string, unknown][] {
  return entries.map(({ path, type, mode, mtime: [seconds, nanoseconds], size, sha256: hash, target }) => {
    const common = { mode, microseconds: seconds * 1e6 + nanoseconds / 1e3 }
    const own = {
      directory: {},
      file: { size, sha256: hash },
      symlink: { target: bytesOf(target ?? '').toString('hex') },
    }[type]
    return [path.map((name) => bytesOf(name).toString('hex')).join('/'), { type, ...common, ...own }]
  })
}

/** A copy of a repository of the vectors, to damage. */
function copyOf(name: string): string {
  const copy = fresh()
  fs.cpSync(join(vectors, name, 'repository'), copy, { recursive: true })
  return copy
}

function objectsIn(repository: string): string[] {
  const names = fs.readdirSync(repository, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.age')).map((name) => join(repository, name))
}

function only(repository: string, kind: string): string {
  const [found, ...more] = objectsIn(repository).filter((path) => path.includes(`/${kind}/`))
  if (found === undefined || more.length > 0) throw new Error(`not one object of ${kind}`)
  return found
}

function flip(path: string, at: number): void {
  const bytes = fs.readFileSync(path)
  const offset = at < 0 ? bytes.length + at : at
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
  fs.writeFileSync(path, bytes)
}

/** One step of how a hostile variant is made from its base. */
function apply(repository: string, { op, path, from = '', offset = 0, hex = '', object = '' }: Operation): void {
  const at = join(repository, path)
  const stored = {
    copy: join(vectors, hostile.base, 'repository', from),
    put: join(vectors, 'hostile/objects', object),
  }
  if (op === 'remove') {
    fs.rmSync(at)
  } else if (op === 'patch') {
    const bytes = fs.readFileSync(at)
    bytes.write(hex, offset, 'hex')
    fs.writeFileSync(at, bytes)
  } else {
    fs.cpSync(stored[op], at)
  }
}

const sorted = <Pair extends [string, unknown]>(pairs: Pair[]) => new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))

describe.runIf(posix)('restore-repository.mjs', () => {
  it.each(['good-key', 'good-pages', 'good-two-snapshots'])('restores the newest snapshot of %s', async (name) => {
    const target = fresh()
    const done = await restore(join(vectors, name, 'repository'), target, keyOf(name))
    expect(done).toEqual({ status: 0, output: '', errors: '' })
    expect(sorted(treeOf(target))).toEqual(sorted(expectedTree(latestOf(name))))
  })

  it('takes the key as a key file spells it', async () => {
    const [name, target] = ['good-key', fresh()]
    using key = parseKey(keyOf(name))
    const file = `# holdfast key. Whoever has it opens what was sealed for it.\n# public recipient: ${key.recipient}\n`
    const done = await restore(join(vectors, name, 'repository'), target, `${file}${key.identity()}`)
    expect(done).toEqual({ status: 0, output: '', errors: '' })
    expect(sorted(treeOf(target))).toEqual(sorted(expectedTree(latestOf(name))))
  })

  it('writes nothing with another key', async () => {
    const target = fresh()
    const { status, errors } = await restore(join(vectors, 'good-key/repository'), target, keyOf('good-pages'))
    expect(status).toBe(1)
    expect(errors).toMatch('the key does not open this repository')
    expect(fs.existsSync(target)).toBe(false)
  })

  it('leaves a folder that is not empty alone', async () => {
    const target = fresh()
    fs.mkdirSync(target)
    fs.writeFileSync(join(target, 'mine'), 'precious')
    const { status, errors } = await restore(join(vectors, 'good-key/repository'), target, keyOf('good-key'))
    expect(status).toBe(1)
    expect(errors).toMatch('is not empty')
    expect(fs.readdirSync(target)).toEqual(['mine'])
  })

  it.each(['keyring', 'complete', 'snapshots'])('row 48: writes nothing after a flipped byte in %s', async (kind) => {
    const [repository, target] = [copyOf('good-two-snapshots'), fresh()]
    const damaged = objectsIn(repository).filter((path) => path.includes(`/${kind}/`))
    for (const path of damaged) flip(path, -1)
    const { status, errors } = await restore(repository, target, keyOf('good-two-snapshots'))
    expect(status).toBe(1)
    expect(errors).toMatch('is damaged')
    expect(fs.existsSync(target)).toBe(false)
  })

  it('restores without its index, from the tables of the packs', async () => {
    const [repository, target] = [copyOf('good-key'), fresh()]
    fs.rmSync(only(repository, 'indexes'))
    expect(await restore(repository, target, keyOf('good-key'))).toMatchObject({ status: 0 })
    expect(sorted(treeOf(target))).toEqual(sorted(expectedTree(latestOf('good-key'))))
  })

  it('names a damaged pack, and with --partial restores what the others hold', async () => {
    const name = 'good-two-snapshots'
    const expected = new Map(expectedTree(latestOf(name)))
    const found: string[] = []
    for (const index of [0, 1]) {
      const [repository, target] = [copyOf(name), fresh()]
      flip(objectsIn(repository).filter((path) => path.includes('/packs/'))[index] ?? '', 1000)
      const whole = await restore(repository, `${target} whole`, keyOf(name))
      expect(whole).toMatchObject({ status: 1, errors: expect.stringMatching('is damaged') })
      expect(await restore(repository, target, keyOf(name), '--partial')).toMatchObject({ status: 1 })
      const files = fs.existsSync(target) ? treeOf(target).filter(([, { type }]) => type === 'file') : []
      for (const [path, file] of files) expect(file, path).toEqual(expected.get(path))
      found.push(...files.map(([path]) => path))
    }
    expect(found.length).toBeGreaterThan(0)
  })

  const refused = hostile.variants.filter(({ code, name, pin }) => {
    const codes = ['PATH_UNSAFE', 'ROLLBACK_SUSPECTED', 'PROTECTION_DOWNGRADED']
    return pin === undefined && (codes.includes(code ?? '') || name === 'file below a symlink')
  })

  it.each(refused)('writes nothing of a hostile repository: $name', async ({ operations }) => {
    const [repository, target] = [copyOf(hostile.base), fresh()]
    for (const operation of operations) apply(repository, operation)
    const { status, errors } = await restore(repository, target, keyOf(hostile.base))
    expect(status).toBe(1)
    expect(errors).toMatch(/leads elsewhere|are gone|turned off|not in order/)
    expect(fs.existsSync(target)).toBe(false)
  })

  it('knows hostile repositories of each kind', () => {
    expect(refused.length).toBeGreaterThan(9)
  })
})

describe('the text of restore-repository.mjs', () => {
  it('is short and uses no code of ours', () => {
    const lines = fs.readFileSync(script, 'utf8').trimEnd().split('\n')
    const imported = lines.flatMap((line) => line.match(/(?:from|import) '([^']+)'/)?.[1] ?? [])
    const foreign = imported.filter((name) => !name.startsWith('node:'))
    expect(lines.length).toBeLessThanOrEqual(200)
    expect(foreign.sort()).toEqual(['@noble/hashes/blake3.js', '@scure/base', 'age-encryption', 'fzstd'])
  })
})

describe('the objects of a repository', () => {
  const repositories = fs.readdirSync(vectors).filter((name) => name.startsWith('good-'))

  it.each(repositories)('have the SHA-256 of their bytes as their names, in %s', (name) => {
    const paths = objectsIn(join(vectors, name, 'repository'))
    expect(paths.length).toBeGreaterThan(3)
    for (const path of paths) expect(path.endsWith(`${sha256(fs.readFileSync(path))}.age`), path).toBe(true)
  })

  it('are all that a repository holds, but for two clear files and open.json', () => {
    const all = repositories.flatMap((name) => {
      const paths = fs.readdirSync(join(vectors, name, 'repository'), { recursive: true, withFileTypes: true })
      return paths.filter((entry) => entry.isFile()).map((entry) => entry.name)
    })
    const clear = new Set(all.filter((name) => !name.endsWith('.age')))
    expect(clear).toEqual(new Set(['holdfast.json', 'epoch.json', 'open.json']))
  })
})
