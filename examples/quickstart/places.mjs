// Where the quickstart keeps its key, and where its big files live until it ends.
import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const GIB = 2 ** 30
const MIB = 2 ** 20
/** Files that lie on the disk at one time: the original, the sealed one, and a copy of either. */
const FILES_AT_A_TIME = 3
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

/** Bytes of random content that the disk of `folder` has room for: 1 GiB, or a quarter of what is free. */
export async function affordableBytes(folder) {
  const free = await freeBytes(folder)
  const bytes = Math.min(GIB, Math.floor(free / (FILES_AT_A_TIME + 1) / MIB) * MIB)
  if (bytes < MIB) throw new Error(`the disk of ${folder} has only ${free} bytes left`)
  return bytes
}

/** Refuses a file that leaves no room for its sealed form and a copy. */
export async function checkRoom(folder, bytes) {
  const free = await freeBytes(folder)
  const needed = (FILES_AT_A_TIME - 1) * bytes + 16 * MIB
  if (free >= needed) return
  throw new Error(`this needs ${Math.ceil(needed / MIB)} MiB in ${folder}, and ${Math.floor(free / MIB)} MiB are free`)
}

async function freeBytes(folder) {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
