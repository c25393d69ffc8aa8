import { options as checkedOptions } from '../arguments.ts'
import { type Call, checkedCall } from '../call.ts'
import { type Credential, credentialSet } from '../credentials/credential.ts'
import type { CredentialKind } from '../errors/details.ts'
import { invalid } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { Abortable } from './snapshots.ts'

const LABEL_BYTES = 256

/** One credential of a repository, as far as can be known without it. */
export interface CredentialInfo {
  /** Name of its slot at the destination. */
  readonly name: string
  readonly kind: CredentialKind
  /** When it was added, by the destination's clock, where that is known. */
  readonly created?: Date
}

/** How a credential is added. */
export interface AddOptions extends Call {
  /** A word to remember it by, at most 256 bytes; sealed with it. */
  readonly label?: string | undefined
}

/** How a credential is removed. */
export interface RemoveOptions extends Call {
  /** A credential that stays: nobody removes the one by which they get in. */
  readonly own: Credential
}

/** The credentials that open a repository. Made with {@link Repository}. */
export class Keyring {
  readonly #connection: Connection

  /** @internal */
  constructor(connection: Connection) {
    this.#connection = connection
  }

  /**
   * All of them.
   *
   * @throws {@link DestinationError} as the destination fails.
   * @throws `signal.reason` when aborted.
   */
  async list(call: Abortable = {}): Promise<readonly CredentialInfo[]> {
    const { signal } = checkedCall(call)
    const found = await this.#connection.run({ signal }, (control, repository, addon) =>
      addon.repositoryCredentials(control, repository),
    )
    return found.map(({ name, kind, created }) => ({
      name,
      kind,
      ...(typeof created === 'number' && { created: new Date(created * 1000) }),
    }))
  }

  /**
   * Lets another credential open the repository; returns its name.
   *
   * @throws {@link CredentialError} `PASSWORD_LENGTH`, `PASSWORD_CHARACTER`, `KEY_WEAK` for what must not become one.
   * @throws {@link UsageError} `INVALID_ARGUMENT`, also for one that opens it already, for the 33rd, and where the
   * repository is not protected.
   * @throws {@link LimitError} `OUT_OF_MEMORY` for the key derivation.
   * @throws {@link DestinationError} as the destination fails.
   * @throws `signal.reason` when aborted.
   */
  async add(credential: Credential, how: AddOptions = {}): Promise<string> {
    const set = credentialSet(only(credential, 'credential'), 'credential', labelOf(how))
    return this.#connection.run(how, (control, repository, addon) =>
      addon.repositoryAddCredential(control, repository, set),
    )
  }

  /**
   * Replaces a credential: the old one no longer opens what the destination holds. Whoever kept a copy of the old slot
   * can still open it with the old credential. An interrupted change is finished by calling it again.
   *
   * @throws {@link CredentialError} `WRONG_CREDENTIAL` unless `old` opens the repository; as {@link Keyring.add}.
   */
  async change(old: Credential, next: Credential, how: AddOptions = {}): Promise<string> {
    const before = credentialSet(only(old, 'old'), 'old', '')
    const after = credentialSet(only(next, 'next'), 'next', labelOf(how))
    return this.#connection.run(how, (control, repository, addon) =>
      addon.repositoryChangeCredential(control, repository, before, after),
    )
  }

  /**
   * Removes the credential of this name.
   *
   * @throws {@link CredentialError} `LAST_SLOT` for the only one, and for `own` itself.
   * @throws {@link UsageError} `INVALID_ARGUMENT`, also for a name that none has.
   * @throws {@link DestinationError} as the destination fails.
   * @throws `signal.reason` when aborted.
   */
  async remove(name: string, how: RemoveOptions): Promise<void> {
    if (typeof name !== 'string') throw invalid('name must be a string')
    const own = credentialSet(only(checkedOptions(how, 'options').own, 'own'), 'own', '')
    await this.#connection.run(how, (control, repository, addon) =>
      addon.repositoryRemoveCredential(control, repository, name, own),
    )
  }
}

function only(credential: unknown, name: string): unknown {
  if (credential === undefined || Array.isArray(credential)) throw invalid(`${name} must be one credential`)
  return credential
}

/**
 * The label among options; empty by default.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function labelOf(how: { readonly label?: unknown }): string {
  const { label = '' } = checkedOptions(how, 'options')
  if (typeof label === 'string' && Buffer.byteLength(label) <= LABEL_BYTES) return label
  throw invalid(`label must be a string of at most ${LABEL_BYTES} bytes`)
}
