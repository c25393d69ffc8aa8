import { createHash } from 'node:crypto'
import {
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Random } from './random.ts'

const MIB = 2 ** 20

/** What lies at each path below a folder, and at the folder itself, in words. */
export type Described = ReadonlyMap<string, string>

/** Kind, mode, time in nanoseconds, and content of everything at `path` and below. */
export function described(path: string): Described {
  const found = new Map<string, string>()
  const visit = (at: string, name: string): void => {
    found.set(name, entryAt(at))
    if (!lstatSync(at).isDirectory()) return
    for (const inside of readdirSync(at).sort()) visit(join(at, inside), `${name}/${inside}`)
  }
  visit(path, '')
  return found
}

/** One entry: equal words, equal entries. */
export function entryAt(path: string): string {
  const { mode, mtimeNs } = lstatSync(path, { bigint: true })
  const common = `${(Number(mode) & 0o7777).toString(8)} ${mtimeNs}`
  switch (Number(mode) & constants.S_IFMT) {
    case constants.S_IFDIR:
      return `folder ${common}`
    case constants.S_IFLNK:
      return `link ${common} ${readlinkSync(path)}`
    case constants.S_IFREG:
      return `file ${common} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
    default:
      return `special ${common}`
  }
}

/** A folder of files of all sizes, with links and folders, that changes from time to time. */
export class Tree {
  readonly path: string
  readonly #random: Random
  #count = 0

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
  }

  /** Adds, removes and rewrites a few files, and does something to others. Returns how many bytes are new. */
  change(): number {
    let bytes = 0
    for (let made = 0; made < 3; made += 1) bytes += this.#add(this.#random.below(100_000))
    bytes += this.#add(this.#random.below(MIB))
    const files = this.#files()
    rmSync(this.#random.of(files.slice(0, 10)))
    bytes += this.#rewrite(this.#random.of(files.slice(10, 20)))
    chmodSync(this.#random.of(files.slice(20, 25)), 0o600)
    utimesSync(this.#random.of(files.slice(25, 30)), this.#random.below(2 ** 31), 0.25)
    return bytes
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

  #files(): string[] {
    const names = readdirSync(this.path, { recursive: true, encoding: 'utf8' }).sort()
    return names.map((name) => join(this.path, name)).filter((path) => lstatSync(path).isFile())
  }
}
