import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from 'vitest'
import { type Described, described } from '../backup/tree.ts'
import type { Random } from './random.ts'

const MIB = 2 ** 20
const DATABASE = 'messages.db'
const ROW_BYTES = 10_000

/** What was restored of a tree: files, links and folders to the byte, and the rows of the database, if it is sound. */
export function restored(path: string): Described {
  return withRows(described(path), () => rowsOf(join(path, DATABASE)))
}

/** Copies of a database hold the same rows in other bytes. */
function withRows(found: Described, rows: () => number): Described {
  const [mode, time] = found[DATABASE]?.split(' ') ?? []
  return mode === undefined ? found : { ...found, [DATABASE]: `${mode} ${time} file of ${rows()} rows` }
}

function rowsOf(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    const [found] = database.prepare('SELECT count(*) AS rows FROM message WHERE length(text) = ?').all(ROW_BYTES)
    return Number(found?.['rows'])
  } finally {
    database.close()
  }
}

/** A folder of files of all sizes, with links, folders and a database, that changes from time to time. */
export class Tree {
  readonly path: string
  readonly #random: Random
  #count = 0
  #rows = 0

  constructor(path: string, random: Random) {
    this.path = path
    this.#random = random
    mkdirSync(path)
  }

  /** Fills it for the first time. */
  fill(): void {
    for (let made = 0; made < 30; made += 1) this.#add(this.#random.below(200_000))
    this.#add(3 * MIB + 1)
    this.#add(MIB)
    this.#add(0)
    symlinkSync('nowhere', join(this.path, 'link'))
    this.#write(150)
  }

  /** Adds, removes and rewrites a few files, and does something to others. Returns about how many bytes are new. */
  change(): number {
    let bytes = 0
    for (let made = 0; made < 3; made += 1) bytes += this.#add(this.#random.below(100_000))
    bytes += this.#add(this.#random.below(MIB))
    const files = this.#files()
    rmSync(this.#random.of(files.slice(0, 10)))
    bytes += this.#rewrite(this.#random.of(files.slice(10, 20)))
    chmodSync(this.#random.of(files.slice(20, 25)), 0o600)
    utimesSync(this.#random.of(files.slice(25, 30)), this.#random.below(2 ** 31), 0.25)
    return bytes + this.#write(10)
  }

  /** What is in it. */
  contents(): Described {
    return withRows(described(this.path), () => this.#rows)
  }

  #add(size: number): number {
    this.#count += 1
    const path = join(this.path, ...['folder', 'deeper'].slice(0, this.#random.below(3)), `file ${this.#count}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, this.#random.bytes(size))
    return size
  }

  #rewrite(path: string): number {
    const size = this.#random.below(150_000)
    writeFileSync(path, this.#random.bytes(size))
    return size
  }

  /**
   * Adds rows to the database; the blocks around them, of 64 KiB, are new as well. Without prepared statements: they would
   * keep the file open after it is closed, and then no backup by this process takes it.
   */
  #write(rows: number): number {
    const database = new DatabaseSync(join(this.path, DATABASE))
    const inserts = Array.from({ length: rows }, () => {
      return `INSERT INTO message VALUES (x'${this.#random.bytes(ROW_BYTES).toString('hex')}');`
    })
    database.exec(`BEGIN; CREATE TABLE IF NOT EXISTS message (text BLOB); ${inserts.join('')} COMMIT`)
    database.close()
    this.#rows += rows
    return rows * ROW_BYTES + 6 * 65_536
  }

  #files(): string[] {
    const names = readdirSync(this.path, { recursive: true, encoding: 'utf8' }).sort()
    const paths = names.filter((name) => name !== DATABASE).map((name) => join(this.path, name))
    return paths.filter((path) => lstatSync(path).isFile())
  }
}
