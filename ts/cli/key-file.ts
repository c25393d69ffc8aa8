import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type AgeIdentity, FileError, openKey, type Password, parseKey, type RecoveryKey } from '../index.ts'
import { AboutFile, about, CommandLineError } from './report.ts'
import { meaningfulLines, readSmall, warnIfShared } from './secret-input.ts'
import { errno, write } from './terminal.ts'

/** Beginnings of a sealed file: binary, and as text. */
const SEALED = /^(age-encryption\.org\/|-----BEGIN AGE)/

/**
 * The key in the file at `path`: 64 digits, an age identity, or a key sealed under a password, which `askPassword`
 * is called for then.
 */
export function readKey(path: string, askPassword: () => Promise<Password>): Promise<RecoveryKey> {
  return about(path, async () => {
    const bytes = readSmall(path)
    if (SEALED.test(Buffer.from(bytes.subarray(0, 32)).toString('latin1'))) return openKept(bytes, await askPassword())
    warnIfShared(path)
    return parseKey(keyText(meaningfulLines(bytes), path))
  })
}

/** The text of the digits in the file at `path`, right or wrong; comments and what `key show` labels are left out. */
export function readKeyText(path: string): string {
  return meaningfulLines(readSmall(path))
    .join('\n')
    .replace(/^check group:/gim, '')
}

/** The age identities in the file at `path`, one a line. */
export function readIdentities(path: string): AgeIdentity[] {
  const lines = meaningfulLines(readSmall(path))
  warnIfShared(path)
  const identities = lines.filter((line): line is AgeIdentity => line.startsWith('AGE-SECRET-KEY-'))
  if (identities.length < lines.length || identities.length === 0) {
    throw new CommandLineError(
      `${path} must hold age identities, one a line: AGE-SECRET-KEY-…`,
      'Give a file with a 64-digit key with --key-file.',
    )
  }
  return identities
}

/** The one key among the lines of a key file. */
function keyText(lines: readonly string[], path: string): string {
  const identities = lines.filter((line) => /^AGE-SECRET-KEY-/i.test(line))
  const [identity] = identities
  if (identity === undefined) return lines.join('\n')
  if (identities.length === 1 && /^AGE-SECRET-KEY-PQ-/i.test(identity)) return lines.join('\n')
  throw new CommandLineError(`${path} holds something other than one 64-digit key`, 'Give it with --identity-file.')
}

async function openKept(sealed: Uint8Array, password: Password): Promise<RecoveryKey> {
  try {
    return await openKey(sealed, password)
  } finally {
    password.close()
  }
}

/** The text of a key file, which is an age identity file as well. It has no check group: that is for paper. */
export function keyFileText(key: RecoveryKey): string {
  return [
    '# holdfast key. Whoever has it opens what was sealed for it; without it nothing opens.',
    '# holdfast key show THIS-FILE prints its 64 digits for paper. age -d -i THIS-FILE opens files too.',
    `# public recipient: ${key.recipient}`,
    key.identity(),
    '',
  ].join('\n')
}

/** Creates the file at `path`, readable by its owner alone, and writes `content` to the disk. Never replaces a file. */
export function createPrivateFile(path: string, content: string | Uint8Array): void {
  const descriptor = attempt(path, 'open', () => openSync(path, 'wx', 0o600))
  try {
    write(descriptor, content)
    fsyncSync(descriptor)
  } catch (thrown) {
    rmSync(path, { force: true })
    throw new AboutFile(path, unwritable('write', errno(thrown)))
  } finally {
    closeSync(descriptor)
  }
  if (process.platform !== 'win32') flushFolder(dirname(path))
}

/** Makes a new name last: a key that a power cut takes away would take the files with it. */
function flushFolder(path: string): void {
  try {
    const descriptor = openSync(path, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  } catch {
    // A folder that may not be read, or a file system that flushes no folders: the file itself is flushed.
  }
}

function attempt<T>(path: string, call: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const reason = errno(thrown)
    const error =
      reason === 'EEXIST' ? new FileError('TARGET_EXISTS', 'a file exists at the target') : unwritable(call, reason)
    throw new AboutFile(path, error)
  }
}

function unwritable(call: string, reason = 'unknown'): FileError {
  if (reason === 'ENOSPC' || reason === 'EDQUOT') {
    return new FileError('NO_SPACE', `no space is left for the target: ${call}`, { details: { call } })
  }
  return new FileError('TARGET_UNWRITABLE', `the target cannot be written: ${call}: ${reason}`, { details: { call } })
}
