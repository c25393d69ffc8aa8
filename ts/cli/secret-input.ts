import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { FileError } from '../index.ts'
import { AboutFile, CommandLineError } from './report.ts'
import { errno, pause, STANDARD, warn } from './terminal.ts'

/** Most bytes of a file with a key or a password; what is longer is another file. */
const MOST_BYTES = 1 << 20

/** Everything that the file at `path` holds; `-` is standard input. */
export function readSmall(path: string): Uint8Array {
  if (path === '-') return readDescriptor(STANDARD.input, 'standard input')
  const descriptor = attempt(path, 'open', () => openSync(path, 'r'))
  try {
    return readDescriptor(descriptor, path)
  } finally {
    closeSync(descriptor)
  }
}

/** Warns when the file at `path`, which holds a secret in clear, can be read by others. */
export function warnIfShared(path: string): void {
  if (path === '-' || process.platform === 'win32') return
  const file = statSync(path, { throwIfNoEntry: false })
  if (file?.isFile() === true && (file.mode & 0o077) !== 0) {
    warn(`others can read ${path}; make it yours alone with: chmod 600 ${path}`)
  }
}

/** The bytes of a password: all that comes, without one final line ending. */
export function readPasswordFile(path: string): Uint8Array {
  const bytes = readSmall(path)
  warnIfShared(path)
  return withoutLineEnding(bytes)
}

/** The bytes of a password from an open descriptor. */
export function readPasswordDescriptor(descriptor: number): Uint8Array {
  return withoutLineEnding(readDescriptor(descriptor, `descriptor ${descriptor}`))
}

/** The bytes of a password that a command prints; the command may talk to the person itself. */
export function readPasswordCommand(command: string, input: 'inherit' | 'ignore'): Uint8Array {
  const { status, signal, stdout, error } = spawnSync(command, {
    shell: true,
    stdio: [input, 'pipe', 'inherit'],
    maxBuffer: MOST_BYTES,
  })
  if (error === undefined && status === 0) return withoutLineEnding(stdout)
  stdout?.fill(0)
  const how = error === undefined ? (signal ?? `exit code ${status}`) : (errno(error) ?? 'it did not start')
  throw new CommandLineError(`the password command failed: ${how}`, 'Run it by itself to see what is wrong.')
}

/** Lines without comments and blank lines. Wipes `bytes`. */
export function meaningfulLines(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes)
  bytes.fill(0)
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function withoutLineEnding(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1)
}

function readDescriptor(descriptor: number, name: string): Uint8Array {
  attempt(name, 'read', () => refuseInternal(descriptor))
  const buffer = Buffer.alloc(MOST_BYTES + 1)
  let length = 0
  for (;;) {
    const read = attempt(name, 'read', () => readSome(descriptor, buffer, length))
    if (read === 0) return buffer.subarray(0, length)
    length += read
    if (length > MOST_BYTES) {
      buffer.fill(0)
      throw new CommandLineError(`${name} is too long to be a key or a password`, 'Check which file is named.')
    }
  }
}

/** Refuses the descriptors that the runtime has for itself: reading them would never end. */
function refuseInternal(descriptor: number): void {
  const file = fstatSync(descriptor)
  if (file.isFile() || file.isFIFO() || file.isSocket() || file.isCharacterDevice()) return
  throw Object.assign(new Error('not a stream'), { code: file.isDirectory() ? 'EISDIR' : 'EBADF' })
}

function readSome(descriptor: number, buffer: Buffer, from: number): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer, from, buffer.length - from, null)
    } catch (thrown) {
      if (errno(thrown) !== 'EAGAIN') throw thrown
      pause()
    }
  }
}

function attempt<T>(name: string, call: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const reason = errno(thrown) ?? 'unknown'
    const message = `the source cannot be read: ${call}: ${REASONS[reason] ?? reason}`
    throw new AboutFile(name, new FileError('SOURCE_UNREADABLE', message, { details: { call } }))
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  EBADF: 'it is not open for reading',
}
