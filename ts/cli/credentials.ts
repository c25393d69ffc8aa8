import {
  type AgeRecipient,
  type Cost,
  type Credential,
  type CredentialKind,
  type Identity,
  inspect,
  type Password,
  password,
  type Recipient,
} from '../index.ts'
import { readIdentities, readKey } from './key-file.ts'
import { askKey, askKind, askNewCredential, askPassword } from './prompt.ts'
import { about, CommandLineError } from './report.ts'
import { readPasswordCommand, readPasswordDescriptor, readPasswordFile } from './secret-input.ts'
import { STANDARD } from './terminal.ts'

/** Where a password comes from, as the options name it. */
export interface PasswordSource {
  readonly passwordFile?: string
  readonly passwordFd?: number
  readonly passwordCommand?: string
}

/** Credentials of ours, as the options name them. */
export interface CredentialSource extends PasswordSource {
  readonly keyFile?: string
  readonly cost?: Cost
}

/** What opens, as the options name it. */
export interface IdentitySource extends PasswordSource {
  readonly keyFile?: string
  readonly identityFile?: readonly string[]
}

/** Whom to seal for, as the options name it. */
export interface RecipientSource extends CredentialSource {
  readonly recipient?: readonly AgeRecipient[]
}

/** Credentials for one command. Disposing it forgets those that are handles. */
export class Given<T> {
  readonly all: readonly T[]

  constructor(all: readonly T[]) {
    this.all = all
  }

  [Symbol.dispose](): void {
    for (const one of this.all) if (typeof one === 'object' && one !== null && Symbol.dispose in one) dispose(one)
  }
}

function dispose(handle: object & Record<typeof Symbol.dispose, unknown>): void {
  if (typeof handle[Symbol.dispose] === 'function') (handle as Disposable)[Symbol.dispose]()
}

/** The recipients that the options name, or one that the person is asked for. `source` is the file to seal. */
export async function recipients(options: RecipientSource, source: string): Promise<Given<Recipient>> {
  checkStandardInput(options, source)
  const given: Recipient[] = [...(await keyAndPassword(options, source)), ...(options.recipient ?? [])]
  const all = given.length > 0 ? given : [await askNewCredential(options.cost)]
  if (options.cost !== undefined && !all.some(isPassword)) {
    throw new CommandLineError('--cost is for a password, and none is given', 'Leave --cost out.')
  }
  return new Given(all)
}

/** The identities that the options name, or one that the person is asked for. `source` is the sealed file. */
export async function identities(options: IdentitySource, source: string): Promise<Given<Identity>> {
  checkStandardInput(options, source)
  const age = (options.identityFile ?? []).flatMap((path) => readIdentities(path))
  const given: Identity[] = [...(await keyAndPassword(options, source)), ...age]
  return new Given(given.length > 0 ? given : [await askFor(source)])
}

/** The credentials that the options name; nobody is asked. `source` is `-` when standard input has the content. */
export async function credentials(options: CredentialSource, source: string): Promise<Given<Credential>> {
  checkStandardInput(options, source)
  return new Given(await keyAndPassword(options, source))
}

/** The password that the options name, or else what `ask` returns. */
export function passwordOf(
  options: PasswordSource & { readonly cost?: Cost },
  source: string,
  ask: () => Promise<Password>,
): Promise<Password> {
  const read = passwordReader(options, source)
  return read === undefined ? ask() : about(read.name, () => password(read.bytes(), { cost: options.cost }))
}

async function keyAndPassword(options: CredentialSource, source: string): Promise<Credential[]> {
  const { keyFile, cost } = options
  const read = passwordReader(options, source)
  const found: Credential[] = []
  let spent = false
  if (keyFile !== undefined) {
    const ask = (): Promise<Password> => {
      spent = true
      return passwordOf({ ...options }, source, () => askPassword(`Password of the key in ${keyFile}`))
    }
    found.push(await readKey(keyFile, ask))
  }
  if (read !== undefined && !spent) found.push(await about(read.name, () => password(read.bytes(), { cost })))
  return found
}

interface PasswordReader {
  readonly name: string
  readonly bytes: () => Uint8Array
}

function passwordReader(options: PasswordSource, source: string): PasswordReader | undefined {
  const { passwordFile, passwordFd, passwordCommand } = options
  const input = source === '-' ? 'ignore' : 'inherit'
  const readers = [
    passwordFile !== undefined && { name: passwordFile, bytes: () => readPasswordFile(passwordFile) },
    passwordFd !== undefined && {
      name: `descriptor ${passwordFd}`,
      bytes: () => readPasswordDescriptor(passwordFd),
    },
    passwordCommand !== undefined && {
      name: 'the password command',
      bytes: () => readPasswordCommand(passwordCommand, input),
    },
  ].filter((reader) => reader !== false)
  if (readers.length > 1) {
    throw new CommandLineError('a password is given in more than one way', 'Keep one of the --password options.')
  }
  return readers[0]
}

/** Refuses to read standard input for two things at a time. */
export function checkStandardInput(options: IdentitySource, source: string): void {
  const users = [
    source === '-' && 'the file',
    options.keyFile === '-' && '--key-file',
    options.passwordFile === '-' && '--password-file',
    options.passwordFd === STANDARD.input && '--password-fd',
    ...(options.identityFile ?? []).map((path) => path === '-' && '--identity-file'),
  ].filter((user) => user !== false)
  if (users.length > 1) {
    throw new CommandLineError(
      `standard input is asked for twice: ${users.join(' and ')}`,
      'Give one of them as a file, or with --password-fd 3 3<FILE.',
    )
  }
}

/** Asks for a credential of a kind that opens the file at `source`. */
async function askFor(source: string): Promise<Credential> {
  const kinds = source === '-' ? [] : await kindsOf(source)
  const [only] = kinds
  const kind = kinds.length === 1 && only !== undefined ? only : await askKind('Open with')
  return kind === 'key' ? askKey() : askPassword('Password')
}

async function kindsOf(source: string): Promise<CredentialKind[]> {
  const { stanzas } = await about(source, () => inspect(source))
  const kinds = stanzas.flatMap(({ kind }): CredentialKind[] => {
    if (kind === 'unknown') return []
    return [kind === 'argon2id' || kind === 'scrypt' ? 'password' : 'key']
  })
  return [...new Set(kinds)]
}

function isPassword(recipient: Recipient): boolean {
  return typeof recipient !== 'string' && 'checkNew' in recipient
}
