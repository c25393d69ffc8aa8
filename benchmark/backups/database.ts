// A database that changes: what the next backup of it stores.
import { spawnSync } from 'node:child_process'
import { closeSync, copyFileSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MIB } from '../options.ts'
import { sameBytes } from '../places.ts'
import { watched } from '../process.ts'
import { programsNamed } from '../programs.ts'
import { type Archiver, repositoryIn } from './archivers.ts'
import { treeBytes } from './trees.ts'

export const PAGE_BYTES = 4096
/** With its row's header it leaves no room for a second one on a page. */
const ROW_BYTES = 3900
const CHANGED = 0.01
const FILE = 'messages.db'
/** A consistent copy has counters of its own there, nothing else. */
const HEADER_BYTES = 100

/** What the backups of one archiver added to its repository, in the order they were made. */
export interface DatabaseResult {
  readonly name: string
  readonly title: string
  firstBytes: number
  changedBytes: number
  appendedBytes: number
}

/** What was done to the database, and what that stored. */
export interface DatabaseRun {
  readonly bytes: number
  readonly pages: number
  readonly changedPages: number
  readonly appendedBytes: number
  /** The program that made and changed it. */
  readonly madeBy: string
  readonly results: readonly DatabaseResult[]
}

type Step = 'firstBytes' | 'changedBytes' | 'appendedBytes'

/** The `sqlite3` that makes the database; undefined when there is none. */
export function findSqlite(): string | undefined {
  return programsNamed('sqlite3', 'HOLDFAST_TEST_SQLITE')[0]
}

/** Three backups by everyone: of the new database, after 1 % of its pages changed, and after rows were appended. */
export async function measureDatabase(
  sqlite: string,
  present: readonly Archiver[],
  folder: string,
  size: number,
  say: (line: string) => void,
): Promise<DatabaseRun> {
  const [source, before] = [join(folder, 'source'), join(folder, 'before.db')]
  const database = new Database(sqlite, join(source, FILE))
  const results = present.map(({ name, title }): DatabaseResult => {
    return { name, title, firstBytes: 0, changedBytes: 0, appendedBytes: 0 }
  })
  const everyone = async (step: Step) => {
    for (const [place, archiver] of present.entries()) {
      say(`database, ${step.replace('Bytes', '')}: ${archiver.title}`)
      const home = join(folder, `home-${archiver.name}`)
      const result = results[place]
      if (result !== undefined) result[step] = await stored(archiver, home, source, step)
    }
  }
  mkdirSync(source)
  say(`database of ${(size / MIB).toFixed(0)} MiB`)
  const rows = Math.max(200, Math.floor(size / PAGE_BYTES))
  database.make(rows)
  const bytes = statSync(database.path).size
  for (const archiver of present) {
    const home = join(folder, `home-${archiver.name}`)
    mkdirSync(home)
    await watched(archiver.init(home))
  }
  await everyone('firstBytes')
  copyFileSync(database.path, before)
  database.change(Math.round(rows * CHANGED))
  const changedPages = differentPages(before, database.path)
  rmSync(before)
  await everyone('changedBytes')
  database.append(Math.round(rows * CHANGED))
  const appendedBytes = statSync(database.path).size - bytes
  await everyone('appendedBytes')
  for (const archiver of present) await verify(archiver, folder, source)
  rmSync(source, { recursive: true })
  return { bytes, pages: bytes / PAGE_BYTES, changedPages, appendedBytes, madeBy: database.madeBy(), results }
}

/** What a backup adds to the repository, everything that lies there included. */
async function stored(archiver: Archiver, home: string, source: string, label: string): Promise<number> {
  const before = treeBytes(repositoryIn(home))
  await watched(archiver.backup(home, source, label))
  return treeBytes(repositoryIn(home)) - before
}

async function verify(archiver: Archiver, folder: string, source: string): Promise<void> {
  const [home, target] = [join(folder, `home-${archiver.name}`), join(folder, 'target')]
  mkdirSync(target)
  await watched(archiver.restore(home, target, 'appendedBytes'))
  const restored = join(archiver.restored(target, source), FILE)
  if (!(await sameBytes(join(source, FILE), restored, HEADER_BYTES))) {
    throw new Error(`${archiver.title} restores another database`)
  }
  for (const each of [home, target]) rmSync(each, { recursive: true })
}

/** Rows of random bytes, one on each page: no compressor finds anything, and a changed row is a changed page. */
class Database {
  readonly path: string
  readonly #sqlite: string

  constructor(sqlite: string, path: string) {
    this.#sqlite = sqlite
    this.path = path
  }

  madeBy(): string {
    const { stdout } = spawnSync(this.#sqlite, ['--version'], { encoding: 'utf8' })
    return `sqlite3 ${stdout.split(' ', 1)[0] ?? ''}`
  }

  make(rows: number): void {
    this.#ask(`PRAGMA page_size = ${PAGE_BYTES}; CREATE TABLE message (id INTEGER PRIMARY KEY, body BLOB)`)
    this.append(rows)
  }

  append(rows: number): void {
    const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`
    this.#ask(`${numbers} INSERT INTO message (body) SELECT randomblob(${ROW_BYTES}) FROM n`)
  }

  change(rows: number): void {
    const chosen = `SELECT id FROM message ORDER BY random() LIMIT ${rows}`
    this.#ask(`UPDATE message SET body = randomblob(${ROW_BYTES}) WHERE id IN (${chosen})`)
  }

  #ask(sql: string): void {
    const { status, stderr } = spawnSync(this.#sqlite, ['-batch', '-bail', this.path, sql], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${this.#sqlite} failed: ${stderr}`)
  }
}

/** How many pages two databases of the same length differ in. */
function differentPages(one: string, other: string): number {
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const
  const [left, right] = [Buffer.allocUnsafeSlow(MIB), Buffer.allocUnsafeSlow(MIB)]
  let different = 0
  try {
    for (let at = 0; ; at += MIB) {
      const count = readSync(files[0], left, 0, MIB, at)
      if (readSync(files[1], right, 0, MIB, at) !== count) throw new Error('a change made the database longer')
      for (let page = 0; page < count; page += PAGE_BYTES) {
        const end = page + PAGE_BYTES
        if (left.compare(right, page, end, page, end) !== 0) different += 1
      }
      if (count < MIB) return different
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}
