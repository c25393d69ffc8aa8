import { flag, options } from '../arguments.ts'
import { type Call, run } from '../call.ts'
import { type Identity, identitySet, type Recipient, recipientSet } from '../credentials/credential.ts'
import { warnOfLoweredCost } from './lowered-cost.ts'
import { type Source, sourcePlace, type Target, targetPlace } from './places.ts'

/** How a target comes into being. */
export interface PublishOptions extends Call {
  /** Whether a file at the target is replaced, in one step and only by a complete one; false by default. */
  readonly overwrite?: boolean | undefined
  /**
   * Whether the call waits until the disk has the target; true by default. Without, a power cut shortly after can lose
   * the file or leave it empty.
   */
  readonly sync?: boolean | undefined
}

/** How a file is sealed. */
export interface SealOptions extends PublishOptions {
  /** Who may open the file: one, or several, of which at most one password. */
  readonly to: Recipient | readonly Recipient[]
}

/** How a file is opened. */
export interface OpenOptions extends PublishOptions {
  /** What to open with: one, or several, tried in the order given. */
  readonly with: Identity | readonly Identity[]
}

/** How a file is verified. */
export interface VerifyOptions extends Call {
  /** What to open with: one, or several, tried in the order given. */
  readonly with: Identity | readonly Identity[]
}

/** What sealing made. */
export interface Sealed {
  /** Length of the plaintext in bytes. */
  readonly bytes: number
  /** Length of the sealed file in bytes. */
  readonly sealedBytes: number
  /** Whether the password was stretched with 64 MiB instead of 256 MiB, because the process may take no more. */
  readonly costLowered: boolean
}

/** What opening or verifying found. */
export interface Opened {
  /** Length of the plaintext in bytes. */
  readonly bytes: number
  /** Length of the sealed file in bytes. */
  readonly sealedBytes: number
}

/**
 * Seals the file at `source` into a new file at `target`, an age v1 file.
 *
 * The addon reads, seals and writes on its own threads; memory does not grow with the file. The target appears under
 * its name only when it is complete and, unless `sync` is false, on the disk; on failure nothing visible has changed.
 * Where a password's cost was lowered a process warning with the code `HOLDFAST_COST_LOWERED` says so.
 *
 * @throws {@link FileError} `SOURCE_UNREADABLE`, `SOURCE_CHANGED`, `TARGET_EXISTS`, `TARGET_UNSAFE`,
 * `TARGET_UNWRITABLE`, `NO_SPACE`.
 * @throws {@link CredentialError} `PASSWORD_LENGTH` and `PASSWORD_CHARACTER` for what must not become a password,
 * `KEY_WEAK`.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation, `TOO_LARGE` above 2^64 chunks.
 * @throws {@link UsageError} `INVALID_ARGUMENT`, also for recipients that may not stand beside each other.
 * @throws `signal.reason` when aborted.
 *
 * @example
 * ```ts
 * const key = generateKey()
 * await sealFile('a.mov', 'a.mov.age', { to: key })
 * ```
 */
export async function sealFile(source: Source, target: Target, how: SealOptions): Promise<Sealed> {
  const [from, into] = [sourcePlace(source), targetPlace(target)]
  const { overwrite, sync } = publishing(how)
  const to = recipientSet(how.to)
  const { bytes, sealedBytes, costLowered } = await run(how, (control, addon) =>
    addon.sealFile(control, from, into, to, overwrite, sync),
  )
  if (costLowered) warnOfLoweredCost()
  return { bytes, sealedBytes, costLowered }
}

/**
 * Opens the sealed file at `source` into a new file at `target`, readable by the owner only (mode 0600).
 *
 * The target appears under its name only after the last chunk has verified; on failure nothing visible has changed.
 * Files made by `age` open too: X25519, scrypt passwords and ASCII armor are read.
 *
 * @throws {@link CredentialError} `WRONG_CREDENTIAL`, `NO_SUCH_SLOT` with the kinds that would open it.
 * @throws {@link FormatError} `NOT_SEALED`, `UNSUPPORTED_VERSION`, `MALFORMED`, `KDF_LIMIT`.
 * @throws {@link IntegrityError} `HEADER_TAMPERED`, `CHUNK_CORRUPT` with chunk and offset, `TRUNCATED`,
 * `TRAILING_DATA`.
 * @throws {@link FileError} `SOURCE_UNREADABLE`, `SOURCE_CHANGED`, `TARGET_EXISTS`, `TARGET_UNSAFE`,
 * `TARGET_UNWRITABLE`, `NO_SPACE`.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 */
export async function openFile(source: Source, target: Target, how: OpenOptions): Promise<Opened> {
  const [from, into] = [sourcePlace(source), targetPlace(target)]
  const { overwrite, sync } = publishing(how)
  const identities = identitySet(how.with)
  const { bytes, sealedBytes } = await run(how, (control, addon) =>
    addon.openFile(control, from, into, identities, overwrite, sync),
  )
  return { bytes, sealedBytes }
}

/**
 * Opens every chunk of the sealed file at `source` and keeps nothing: that it will open later, whole and unchanged.
 *
 * @throws {@link CredentialError} `WRONG_CREDENTIAL`, `NO_SUCH_SLOT` with the kinds that would open it.
 * @throws {@link FormatError} `NOT_SEALED`, `UNSUPPORTED_VERSION`, `MALFORMED`, `KDF_LIMIT`.
 * @throws {@link IntegrityError} `HEADER_TAMPERED`, `CHUNK_CORRUPT` with chunk and offset, `TRUNCATED`,
 * `TRAILING_DATA`.
 * @throws {@link FileError} `SOURCE_UNREADABLE`, `SOURCE_CHANGED`.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 */
export async function verifyFile(source: Source, how: VerifyOptions): Promise<Opened> {
  const from = sourcePlace(source)
  options(how, 'options')
  const identities = identitySet(how.with)
  const { bytes, sealedBytes } = await run(how, (control, addon) => addon.verifyFile(control, from, identities))
  return { bytes, sealedBytes }
}

function publishing(how: PublishOptions): { overwrite: boolean; sync: boolean } {
  const { overwrite, sync } = options(how, 'options')
  return { overwrite: flag(overwrite, 'overwrite', false), sync: flag(sync, 'sync', true) }
}
