import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { content } from '../seal/folder.ts'

/** Kind, mode, time and content of everything below a folder, by its path, one character a byte. */
export type Described = Record<string, string>

/** What lies at `path` and below it, to the byte and to the nanosecond. */
export function described(path: string | Buffer): Described {
  const root = Buffer.from(path)
  const found: Described = {}
  const visit = (name: Buffer): void => {
    const at = name.length === 0 ? root : Buffer.concat([root, SLASH, name])
    const { mode, mtimeNs } = lstatSync(at, { bigint: true })
    const common = `${(Number(mode) & 0o7777).toString(8)} ${mtimeNs}`
    const kind = Number(mode) & 0o170000
    found[name.toString('latin1')] = `${common} ${contentOf(at, kind)}`
    if (kind !== 0o040000) return
    for (const inside of readdirSync(at, { encoding: 'buffer' })) {
      visit(name.length === 0 ? inside : Buffer.concat([name, SLASH, inside]))
    }
  }
  visit(Buffer.of())
  return found
}

/** Those of `all` that lie at `path` or below it, as they would be called in `path`. */
export function below(all: Described, path: string): Described {
  const inside = Object.entries(all).filter(([name]) => name === path || name.startsWith(`${path}/`))
  return Object.fromEntries(inside.map(([name, what]) => [name.slice(path.length + 1), what]))
}

/** Makes a folder with all that is awkward about files: their names, times, modes, lengths and links. */
export function makeAwkward(root: string): void {
  mkdirSync(root)
  const file = (name: string | Buffer, bytes: Uint8Array | string = 'text'): Buffer => {
    const at = Buffer.concat([Buffer.from(root), SLASH, Buffer.from(name)])
    mkdirSync(Buffer.from(dirname(at.toString('latin1')), 'latin1'), { recursive: true })
    writeFileSync(at, bytes)
    return at
  }
  file('empty', '')
  file('one byte', 'x')
  file('exactly a block', content(1_048_576))
  file('a block and a byte', content(1_048_577))
  file('several blocks', content(3_158_073))
  truncateSync(file('more than 64 blocks'), 66 * 1_048_576 + 5)
  for (const name of [
    'new\nline',
    '-rf',
    '.hidden',
    'a:b',
    'CON',
    'quote"\'\\',
    '€ 🦀',
    'e\u0301',
    'é',
    'case',
    'CASE',
  ])
    file(name)
  file('n'.repeat(255))
  file(Buffer.from([0xff, 0xfe, 0x20, 0x80]))
  file(Buffer.concat([Buffer.from('folder '), Buffer.of(0xe9), Buffer.from('/inside')]))
  file('deep/er/and/deeper/still')
  mkdirSync(`${root}/empty folder`)
  symlinkSync('nowhere', `${root}/dangling`)
  symlinkSync('../..', `${root}/deep/up`)
  symlinkSync(Buffer.from([0x2f, 0xff]), `${root}/to no text`)
  utimesSync(file('before 1970'), 0, new Date(-1_000_000_250))
  utimesSync(file('after 2106'), 5_000_000_000, 5_000_000_000.5)
  utimesSync(file('odd time'), 1_700_000_000, 1_700_000_000.123456)
  lutimesSync(`${root}/dangling`, 1_600_000_000, 1_600_000_000.75)
  chmodSync(file('read only'), 0o444)
  chmodSync(file('program'), 0o755)
  chmodSync(file('private'), 0o600)
  chmodSync(`${root}/empty folder`, 0o711)
  utimesSync(`${root}/deep/er`, 1_000, 1_000.5)
}

const SLASH = Buffer.from('/')

function contentOf(at: Buffer, kind: number): string {
  if (kind === 0o040000) return 'folder'
  if (kind === 0o120000) return `link ${readlinkSync(at, { encoding: 'buffer' }).toString('latin1')}`
  if (kind !== 0o100000) return 'special'
  const bytes = readFileSync(at)
  return `file ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`
}
