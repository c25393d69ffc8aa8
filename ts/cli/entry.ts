import type { Entry, Snapshot } from '../index.ts'
import { isExact, printable, printablePath } from './printable.ts'
import { size, when } from './words.ts'

/** Digits of a snapshot's id that are shown; as few as four are understood. */
const ID_DIGITS = 8
const SIZE_WIDTH = 9
const BITS = 'rwxrwxrwx'
/** Set-user-id, set-group-id and the sticky bit: where they show, as what with and without the x below. */
const SPECIAL = [
  { bit: 0o4000, at: 2, with: 's', without: 'S' },
  { bit: 0o2000, at: 5, with: 's', without: 'S' },
  { bit: 0o1000, at: 8, with: 't', without: 'T' },
] as const

/** The beginning of a snapshot's id: enough to name it. */
export function shortId({ id }: Pick<Snapshot, 'id'>): string {
  return id.slice(0, ID_DIGITS)
}

/** An entry in one line: mode, size, time, path. */
export function entryLine(entry: Entry): string {
  const bytes = entry.kind === 'file' ? size(entry.size) : '-'
  return `${modeText(entry)}  ${bytes.padStart(SIZE_WIDTH)}  ${when(entry.modified)}  ${entryName(entry)}`
}

/** An entry's path: a folder's ends with a slash, a link says where it leads. */
export function entryName(entry: Entry): string {
  const path = printablePath(entry)
  if (entry.kind === 'directory') return `${path}/`
  return entry.kind === 'symlink' ? `${path} -> ${printable(entry.target ?? '')}` : path
}

/** An entry for JSON. Names that are no UTF-8 come as `pathHex`, too. */
export function entryData(entry: Entry): object {
  const { path, pathBytes, kind, size: bytes, mode, modified, target } = entry
  return {
    path,
    ...(!isExact(path, pathBytes) && { pathHex: Buffer.from(pathBytes).toString('hex') }),
    kind,
    ...(kind === 'file' && { size: bytes }),
    mode,
    modified: modified.toISOString(),
    ...(target !== undefined && { target }),
  }
}

/** A snapshot for JSON. */
export function snapshotData(snapshot: Snapshot): object {
  const { id, time, sequence, host, tags, sources, complete, entries, bytes, parent } = snapshot
  return {
    id,
    time: time.toISOString(),
    sequence,
    host,
    tags,
    sources,
    complete,
    entries,
    bytes,
    ...(parent !== undefined && { parent }),
  }
}

/** The mode as `ls -l` shows it. */
function modeText({ kind, mode }: Entry): string {
  const shown = [...BITS].map((letter, place) => (mode & (1 << (BITS.length - 1 - place)) ? letter : '-'))
  for (const { bit, at, with: set, without } of SPECIAL) {
    if (mode & bit) shown[at] = shown[at] === 'x' ? set : without
  }
  return `${kind === 'directory' ? 'd' : kind === 'symlink' ? 'l' : '-'}${shown.join('')}`
}
