// Whether a restored folder is what it was: names, links, and every byte. Paths are bytes: names need not be UTF-8.
import { lstat, open, readdir, readlink } from 'node:fs/promises'
import { expect } from './steps.mjs'

const PIECE = 2 ** 20
const MAGIC = Buffer.from('SQLite format 3\0')
/** What lies beside a database for SQLite's own use. */
const BESIDE = /-(wal|shm|journal)$/

/**
 * Compares the folder `source` with the one that was restored. `left` are paths that were left out, and `since` is the
 * time when the backup began: what was changed later may differ, and is only counted.
 *
 * Databases are not compared, for they are restored as of one moment: `databases` has their restored paths.
 *
 * @returns {Promise<{ files: number, bytes: number, changed: number, missing: number, databases: Buffer[] }>}
 */
export async function compareFolders(source, restored, { left, since, signal }) {
  const found = { files: 0, bytes: 0, changed: 0, missing: 0, databases: [] }
  await compareNames(Buffer.from(source), Buffer.from(restored), { found, left: new Set(left), since, signal })
  return found
}

/** Files and bytes in a folder, but for the folders `left` out; what cannot be read is not counted. */
export async function measureFolder(path, left = []) {
  const measured = { files: 0, bytes: 0, largest: undefined, largestBytes: 0 }
  await measure(Buffer.from(path), new Set(left), measured)
  return measured
}

async function measure(folder, left, measured) {
  if (left.has(folder.toString())) return
  for (const entry of await readdir(folder, { encoding: 'buffer', withFileTypes: true }).catch(() => [])) {
    const at = below(folder, entry.name)
    if (entry.isDirectory()) await measure(at, left, measured)
    if (!entry.isFile()) continue
    const bytes = (await lstat(at).catch(() => undefined))?.size ?? 0
    measured.files += 1
    measured.bytes += bytes
    if (bytes <= measured.largestBytes) continue
    measured.largest = at.toString()
    measured.largestBytes = bytes
  }
}

async function compareNames(source, restored, context) {
  const [ours, theirs] = [await namesIn(source).catch(() => []), new Set((await namesIn(restored)).map(key))]
  for (const name of ours) {
    context.signal.throwIfAborted()
    const at = below(source, name)
    if (context.left.has(at.toString())) continue
    if (theirs.delete(key(name))) await compareEntries(at, below(restored, name), context)
    else await account(at, name, context)
  }
  context.found.changed += theirs.size
}

async function compareEntries(source, restored, context) {
  const { found } = context
  const [one, other] = [await lstat(source).catch(() => undefined), await lstat(restored)]
  if (one === undefined) {
    found.changed += 1
    return
  }
  if (one.isDirectory() && other.isDirectory()) return compareNames(source, restored, context)
  if (one.isSymbolicLink() && other.isSymbolicLink()) {
    const same = (await readlink(source, 'buffer')).equals(await readlink(restored, 'buffer'))
    expect(same || one.ctimeMs >= context.since, `the restored link ${restored} leads elsewhere`)
    return
  }
  if (!one.isFile() || !other.isFile()) {
    found.changed += 1
    return
  }
  const verdict = await compareFiles(source, restored, context.signal)
  if (verdict === 'database') found.databases.push(restored)
  else if (verdict === 'equal') {
    found.files += 1
    found.bytes += other.size
  } else {
    expect(one.ctimeMs >= context.since, `the restored file ${restored} differs from the original`)
    found.changed += 1
  }
}

/** What is not restored must be something that is not backed up, or newer than the backup. */
async function account(at, name, { found, since }) {
  const entry = await lstat(at).catch(() => undefined)
  if (entry === undefined) return
  const isStored = entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()
  if (!isStored || BESIDE.test(name.toString()) || entry.ctimeMs >= since) return
  found.missing += 1
}

async function compareFiles(source, restored, signal) {
  const [one, other] = [await open(source, 'r'), await open(restored, 'r')]
  const [ours, theirs] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)]
  try {
    for (let position = 0; ; position += PIECE) {
      signal.throwIfAborted()
      const a = ours.subarray(0, (await one.read(ours, 0, PIECE, position)).bytesRead)
      const b = theirs.subarray(0, (await other.read(theirs, 0, PIECE, position)).bytesRead)
      if (position === 0 && b.subarray(0, MAGIC.length).equals(MAGIC)) return 'database'
      if (!a.equals(b)) return 'different'
      if (a.length === 0) return 'equal'
    }
  } finally {
    await one.close()
    await other.close()
  }
}

function namesIn(folder) {
  return readdir(folder, { encoding: 'buffer' })
}

function below(folder, name) {
  return Buffer.concat([folder, Buffer.from('/'), name])
}

function key(name) {
  return name.toString('latin1')
}
