import {
  type Credential,
  type CredentialKind,
  type HoldfastError,
  isHoldfastError,
  openRepository,
  type Repository,
} from '../index.ts'
import { checkStandardInput, credentials, Given } from './credentials.ts'
import { interruptible } from './interrupt.ts'
import type { OpeningChoice } from './options.ts'
import { type Place, placeAt } from './place.ts'
import { withBar } from './progress-bar.ts'
import { askKey, askKind, askPassword } from './prompt.ts'
import { about } from './report.ts'

/** An open repository, for as long as one command works with it. */
export interface Session {
  readonly repository: Repository
  readonly place: Place
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal
}

/**
 * Opens the repository at `address` with what the options give, or with what the person is asked for, and closes it
 * after `work`. `input` is `-` when the command itself reads standard input.
 */
export async function withRepository<T>(
  address: string,
  options: OpeningChoice,
  work: (session: Session) => Promise<T>,
  input: '-' | '' = '',
): Promise<T> {
  const place = await placeAt(address)
  checkStandardInput(options, input)
  using given = await credentials(options, input)
  return await interruptible(async (signal) => {
    await using repository = await about(address, () => open(place, options, given.all, signal))
    return await about(address, () => work({ repository, place, signal }))
  })
}

/** Everything that was noticed, each thing once: when the repository was opened, and by what was done then. */
export function noticed(
  repository: Repository,
  ...more: readonly (readonly HoldfastError[] | undefined)[]
): HoldfastError[] {
  const all = [repository.warnings, ...more].flatMap((warnings) => warnings ?? [])
  return [...new Map(all.map((warning) => [`${warning.code} ${warning.message}`, warning])).values()]
}

/** Without a credential it is asked for only where one is needed, and in the kind that opens. */
async function open(
  place: Place,
  options: OpeningChoice,
  given: readonly Credential[],
  signal: AbortSignal,
): Promise<Repository> {
  const attempt = (credentials: readonly Credential[] | undefined): Promise<Repository> =>
    withBar('opening', options.json === true, (onProgress) =>
      openRepository(place.store, {
        with: credentials,
        acceptRollback: options.acceptRollback === true,
        stateDir: options.stateDir,
        signal,
        onProgress,
      }),
    )
  if (given.length > 0) return attempt(given)
  try {
    return await attempt(undefined)
  } catch (thrown) {
    if (!isHoldfastError(thrown, 'NO_SUCH_SLOT')) throw thrown
    using asked = new Given([await askFor(thrown.details.available)])
    return await attempt(asked.all)
  }
}

async function askFor(kinds: readonly CredentialKind[]): Promise<Credential> {
  const [only] = kinds
  const kind = kinds.length === 1 && only !== undefined ? only : await askKind('Open with')
  return kind === 'key' ? askKey() : askPassword('Password')
}
