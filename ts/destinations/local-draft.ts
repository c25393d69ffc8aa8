import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { disk, failedWith, unlessAbsent } from './local-failure.ts'

/** A temporary file: where its writer runs, the writer's process id, and a random part. */
const DRAFT = /^\.holdfast-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.partial$/

/** A writer that cannot be asked whether it lives has been silent this long when its file is removed. */
const ABANDONED_MS = 24 * 60 * 60 * 1000

const HERE = createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8)

const NAME_TAKEN = new Set(['EEXIST'])
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'])
const NO_FLUSH_OF_FOLDERS = new Set(['EINVAL', 'ENOTSUP', 'EBADF', 'EPERM', 'EISDIR'])

/**
 * An object on its way into a folder: a hidden file that gets its name when it is whole.
 *
 * @internal
 */
export class Draft {
  readonly #path: string
  readonly #file: FileHandle
  #closed = false

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** A new, empty one in the folder `root`, which is made if need be. */
  static async create(root: string): Promise<Draft> {
    const path = join(root, `.holdfast-${HERE}-${process.pid}-${randomBytes(8).toString('hex')}.partial`)
    await makeFolder(root)
    return new Draft(path, await disk(() => open(path, 'wx')))
  }

  async write(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.byteLength; ) {
      const { bytesWritten } = await disk(() => this.#file.write(piece, done))
      done += bytesWritten
    }
  }

  /** Waits until the bytes are on the disk. */
  async flush(): Promise<void> {
    await disk(() => this.#file.sync())
  }

  /**
   * Gives the file its name, and waits until the name is on the disk. Undefined when the name is taken and may not be
   * replaced. When it fails, a name that was new is gone again.
   */
  async publish(target: string, ifAbsent: boolean): Promise<{ size: number; modified: Date } | undefined> {
    const { size, mtime } = await disk(() => this.#file.stat())
    await this.#close()
    await makeFolder(dirname(target))
    if (!ifAbsent) await disk(() => rename(this.#path, target))
    else if (!(await this.#linked(target))) return undefined
    try {
      await flushFolder(dirname(target))
    } catch (failure) {
      if (ifAbsent) await rm(target, { force: true })
      throw failure
    }
    return { size, modified: mtime }
  }

  /** Ends the work on it; a file without a name is removed. */
  async discard(): Promise<void> {
    await this.#close().catch(() => {})
    await rm(this.#path, { force: true }).catch(() => {})
  }

  async #linked(target: string): Promise<boolean> {
    return disk(async () => {
      try {
        await link(this.#path, target)
        return true
      } catch (thrown) {
        if (failedWith(thrown, NAME_TAKEN)) return false
        if (!failedWith(thrown, NO_HARD_LINKS)) throw thrown
        if (await unlessAbsent(() => lstat(target))) return false
        await rename(this.#path, target)
        return true
      }
    })
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await disk(() => this.#file.close())
  }
}

/**
 * Removes what killed processes left in the folder `root`: files of this machine's dead processes, and files of others
 * that nobody has written to for a day. Best effort: a file that cannot be removed stays.
 *
 * @internal
 */
export async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    const [, place, writer] = DRAFT.exec(name) ?? []
    if (place === undefined) continue
    const path = join(root, name)
    const left = place === HERE ? !isAlive(Number(writer)) : await isAbandoned(path)
    if (left) await rm(path, { force: true }).catch(() => {})
  }
}

function isAlive(writer: number): boolean {
  try {
    process.kill(writer, 0)
    return true
  } catch (thrown) {
    return !failedWith(thrown, new Set(['ESRCH']))
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS
}

/** Makes a folder and those above it, and waits until their names are on the disk. */
async function makeFolder(path: string): Promise<void> {
  const first = await disk(() => mkdir(path, { recursive: true }))
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await flushFolder(dirname(made))
}

/** A folder that cannot be opened for it, as on Windows, needs no flush or has none. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await disk(() => open(path, 'r'))
  try {
    await disk(() => folder.sync().catch(unlessUnsupported))
  } finally {
    await folder.close()
  }
}

function unlessUnsupported(thrown: unknown): void {
  if (!failedWith(thrown, NO_FLUSH_OF_FOLDERS)) throw thrown
}

/** Process ids count within a namespace, so containers of one host name do not take each other's writers for dead. */
function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
