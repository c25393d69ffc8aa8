import { options as checkedOptions, flag } from '../arguments.ts'
import type { Call } from '../call.ts'
import { type Credential, credentialSet } from '../credentials/credential.ts'
import type { Destination } from '../destinations/destination.ts'
import { invalid } from '../errors.ts'
import { checkedStore } from './checked-store.ts'
import { Connection } from './connection.ts'
import { labelOf } from './keyring.ts'
import { type Repository, repositoryOf } from './repository.ts'
import { type StateOptions, stateFolder } from './state-dir.ts'

/** How a repository is made: for whom, or for everybody who can read the destination. */
export type CreateOptions = (Protected | Unprotected) & StateOptions & Call

/** Only credentials open it. */
export interface Protected {
  /** Who may open it: one credential, or several. */
  readonly to: Credential | readonly Credential[]
  /** A word to remember the credentials by, at most 256 bytes; sealed with them. */
  readonly label?: string | undefined
}

/** Whoever can read the destination can read the backup. */
export interface Unprotected {
  readonly unprotected: true
}

/** How a repository is opened. */
export interface OpenRepositoryOptions extends StateOptions, Call {
  /** What opens it: one credential, or several, tried in the order given. Left out for one that is not protected. */
  readonly with?: Credential | readonly Credential[] | undefined
  /**
   * Goes on although the destination shows an older state than was seen before, and takes that for the newest from now
   * on. Only for who knows why it is older; false by default.
   */
  readonly acceptRollback?: boolean | undefined
}

/**
 * Makes a new repository at a destination that has none, and opens it. A call that was interrupted is finished by calling
 * it again.
 *
 * The destination is made patient by {@link withRetry} unless it is already.
 *
 * @throws {@link DestinationError} `OBJECT_EXISTS` if there is a repository already; as the destination fails.
 * @throws {@link AvailabilityError} `EPOCH_CHANGING` if another device is making one.
 * @throws {@link CredentialError} `PASSWORD_LENGTH`, `PASSWORD_CHARACTER`, `KEY_WEAK` for what must not become a
 * credential.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 *
 * @example
 * ```ts
 * await using repository = await createRepository(localFolder('backup'), { to: generateKey() })
 * ```
 */
export async function createRepository(store: Destination, options: CreateOptions): Promise<Repository> {
  const given: Partial<Protected & Unprotected> & StateOptions & Call = options
  const { to, unprotected, stateDir } = checkedOptions(given, 'options')
  if (unprotected !== undefined && unprotected !== true) throw invalid('unprotected must be true, or left out')
  if ((to === undefined) === (unprotected === undefined)) throw invalid('give either to or unprotected')
  const credentials = credentialSet(to, 'to', labelOf(given))
  const state = stateFolder(stateDir)
  const connection = await Connection.make(checkedStore(store, 'store'), state, given, (control, courier, addon) =>
    addon.createRepository(control, courier, credentials, state),
  )
  return repositoryOf(connection)
}

/**
 * Opens the repository at a destination.
 *
 * The destination is made patient by {@link withRetry} unless it is already.
 *
 * @throws {@link FormatError} `NOT_A_REPOSITORY`, `UNSUPPORTED_VERSION`, `UNSUPPORTED_FEATURE`, `KDF_LIMIT`.
 * @throws {@link CredentialError} `WRONG_CREDENTIAL`; `NO_SUCH_SLOT` with the kinds that would open it, also when no
 * credential was given and one is needed.
 * @throws {@link IntegrityError} `PROTECTION_DOWNGRADED`, `ROLLBACK_SUSPECTED`, `REPOSITORY_FORGED`, `SLOT_INVALID`,
 * `SLOT_FORGED`, `OBJECT_MISMATCH`.
 * @throws {@link DestinationError} as the destination fails.
 * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 */
export async function openRepository(store: Destination, options: OpenRepositoryOptions = {}): Promise<Repository> {
  const { with: credentials, acceptRollback, stateDir } = checkedOptions(options, 'options')
  const set = credentialSet(credentials, 'with', '')
  const accepted = flag(acceptRollback, 'acceptRollback', false)
  const state = stateFolder(stateDir)
  const connection = await Connection.make(checkedStore(store, 'store'), state, options, (control, courier, addon) =>
    addon.openRepository(control, courier, set, state, accepted),
  )
  return repositoryOf(connection)
}
