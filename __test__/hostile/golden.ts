import { createHash } from 'node:crypto'
import { constants, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { expect } from 'vitest'
import { type Credential, parseKey, password } from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'

/** Where the repositories of another implementation are. */
const VECTORS = new URL('../../vectors/external/repository/', import.meta.url)

/** A name in a snapshot: text, or its bytes where it is none. */
type Name = string | { readonly b64: string }

/** An entry as `expected.json` describes it. */
interface GoldenEntry {
  readonly path: readonly Name[]
  readonly type: 'file' | 'directory' | 'symlink'
  readonly mode: number
  readonly mtime: readonly [number, number]
  readonly sha256?: string
  readonly target?: Name
}

/** A snapshot as `expected.json` describes it. */
export interface GoldenSnapshot {
  readonly id: string
  readonly entries: number
  readonly bytes: number
  readonly tree: readonly GoldenEntry[]
}

/** What a repository holds. */
export interface Golden {
  readonly credential: { readonly kind: 'key' | 'password'; readonly value: string } | null
  readonly repository: string
  readonly latest: string
  readonly packs: Readonly<Record<string, number>>
  readonly snapshots: readonly GoldenSnapshot[]
}

/** What a store did to a repository. */
export type Operation =
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'copy'; readonly path: string; readonly from: string }
  | { readonly op: 'patch'; readonly path: string; readonly offset: number; readonly hex: string }
  | { readonly op: 'truncate' | 'zeros'; readonly path: string; readonly length: number }
  | { readonly op: 'put'; readonly path: string; readonly object: string }

/** A hostile repository and what must come of it. */
export interface Variant {
  readonly number: string
  readonly name: string
  readonly operations: readonly Operation[]
  /** How restoring the latest snapshot fails. */
  readonly code: string | null
  /** What must be told besides. */
  readonly reports: readonly string[]
  readonly latest?: string
  readonly entries?: number
  /** How restoring each snapshot fails, by its id. */
  readonly restores: Readonly<Record<string, string | null>>
  readonly pin?: object
  readonly check?: boolean
  readonly partial?: {
    readonly snapshot: string
    readonly restored: number
    readonly lost: readonly { readonly path: readonly string[]; readonly code: string }[]
  }
}

const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, VECTORS), 'utf8'))

/** What the repository of this name holds. */
export const golden = (name: string): Golden => json(`${name}/expected.json`) as Golden

/** The hostile repositories, and the name of the one that all were made from. */
export const hostile = (): { base: string; variants: readonly Variant[] } =>
  json('hostile/manifest.json') as { base: string; variants: readonly Variant[] }

/** What opens a repository. */
export function credentialOf({ credential }: Golden): Credential | undefined {
  if (credential === null) return undefined
  return credential.kind === 'key' ? parseKey(credential.value) : password(credential.value)
}

/** The repository of this name, in memory. */
export function memoryOf(name: string): Memory {
  const [memory, root] = [new Memory(), new URL(`${name}/repository/`, VECTORS)]
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = new URL(entry, root)
    if (lstatSync(path).isFile()) memory.plant(entry.replaceAll('\\', '/'), readFileSync(path))
  }
  return memory
}

/** The repository of this name, after what its store did to it. */
export function altered(name: string, operations: readonly Operation[]): Memory {
  const [memory, untouched] = [memoryOf(name), memoryOf(name)]
  for (const operation of operations) alter(memory, untouched, operation)
  return memory
}

function alter(memory: Memory, untouched: Memory, operation: Operation): void {
  const { path } = operation
  switch (operation.op) {
    case 'remove':
      expect(memory.objects.delete(path)).toBe(true)
      break
    case 'copy':
      memory.plant(path, untouched.bytes(operation.from))
      break
    case 'patch': {
      const bytes = Buffer.from(memory.bytes(path))
      bytes.write(operation.hex, operation.offset, 'hex')
      memory.plant(path, bytes)
      break
    }
    case 'truncate':
      memory.plant(path, memory.bytes(path).slice(0, operation.length))
      break
    case 'zeros':
      memory.plant(path, new Uint8Array(operation.length))
      break
    case 'put':
      memory.plant(path, readFileSync(new URL(`hostile/objects/${operation.object}`, VECTORS)))
      break
  }
}

/** Everything below `top`: by its path, as digits of its bytes, what lies there. */
export function restoredTree(top: string): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (folder: Buffer, above: string): void => {
    for (const name of readdirSync(folder, 'buffer')) {
      const [at, path] = [Buffer.concat([folder, Buffer.from('/'), name]), `${above}/${name.toString('hex')}`]
      const { mode, mtimeNs } = lstatSync(at, { bigint: true })
      const kind = Number(mode) & constants.S_IFMT
      const common = `${Number(mode) & 0o7777} ${mtimeNs}`
      if (kind === constants.S_IFDIR) {
        found.set(path, `directory ${common}`)
        visit(at, path)
      } else if (kind === constants.S_IFLNK) {
        found.set(path, `symlink ${common} ${readlinkSync(at, 'buffer').toString('hex')}`)
      } else {
        found.set(path, `file ${common} ${createHash('sha256').update(readFileSync(at)).digest('hex')}`)
      }
    }
  }
  visit(Buffer.from(top), '')
  return found
}

/** A snapshot in the same words. */
export function expectedTree({ tree }: GoldenSnapshot): Map<string, string> {
  return new Map(
    tree.map(({ path, type, mode, mtime: [seconds, nanoseconds], sha256, target }) => {
      const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
      const own = { file: ` ${sha256}`, directory: '', symlink: ` ${hexOf(target ?? '')}` }[type]
      return [path.map((name) => `/${hexOf(name)}`).join(''), `${type} ${mode} ${time}${own}`]
    }),
  )
}

const hexOf = (name: Name): string =>
  (typeof name === 'string' ? Buffer.from(name) : Buffer.from(name.b64, 'base64')).toString('hex')

/** Expects the folder to hold the snapshot, nothing less and nothing more. */
export function isWhole(target: string, snapshot: GoldenSnapshot | undefined): void {
  if (snapshot === undefined) throw new Error('no such snapshot is expected')
  expect(new Map([...restoredTree(target)].sort())).toEqual(new Map([...expectedTree(snapshot)].sort()))
}
