// Where the quickstart keeps its key, what this machine knows of backups, and its big files until it ends.
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const GIB = 2 ** 30
const MIB = 2 ** 20
const SLACK = 16 * MIB
const PREFIX = 'quickstart-'

/** The path of the key file, in the folder where this system keeps the data of programs. */
export async function keyPath() {
  const folder = join(dataFolder(), 'holdfast')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return join(folder, 'quickstart.key')
}

function dataFolder() {
  if (process.platform === 'win32') return process.env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support')
  return process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share')
}

/** The folder where holdfast keeps by default what this machine knows of backups. */
export function stateFolder() {
  const given = process.env.XDG_STATE_HOME
  if (process.platform === 'win32' || process.platform === 'darwin') return join(dataFolder(), 'holdfast')
  return join(given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local', 'state'), 'holdfast')
}

/** A new empty folder for the big files. Folders of runs that were killed are removed. */
export async function workFolder() {
  const parent = join(root, 'target')
  await mkdir(parent, { recursive: true })
  const left = (await readdir(parent)).filter((name) => name.startsWith(PREFIX) && !isRunning(name))
  for (const name of left) await rm(join(parent, name), { recursive: true, force: true })
  const folder = join(parent, `${PREFIX}${process.pid}`)
  await mkdir(folder, { mode: 0o700 })
  return folder
}

function isRunning(name) {
  const pid = Number(name.slice(PREFIX.length))
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Bytes of the made files: 1 GiB, or as much as leaves room for all `copies` of them that lie there at one time. */
export async function affordableBytes(folder, copies) {
  const free = await freeBytes(folder)
  const bytes = Math.min(GIB, Math.floor(free / (copies + 1) / MIB) * MIB)
  if (bytes < MIB) throw new Error(`the disk of ${folder} has only ${free} bytes left`)
  return bytes
}

/** Refuses what leaves no room: `needs` are `{ folder, bytes }`; those on one disk count together. */
export async function checkRoom(...needs) {
  const disks = new Map()
  for (const { folder, bytes } of needs) {
    const { dev } = await stat(folder)
    const needed = (disks.get(dev)?.needed ?? SLACK) + bytes
    disks.set(dev, { folder, needed })
  }
  for (const { folder, needed } of disks.values()) {
    const free = await freeBytes(folder)
    if (free >= needed) continue
    throw new Error(
      `this needs ${Math.ceil(needed / MIB)} MiB in ${folder}, and ${Math.floor(free / MIB)} MiB are free`,
    )
  }
}

/** Whether `bytes` more fit on the disk of `folder`. */
export async function hasRoom(folder, bytes) {
  return (await freeBytes(folder)) >= bytes + SLACK
}

async function freeBytes(folder) {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
