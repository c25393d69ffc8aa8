import { invalid } from '../errors.ts'
import { type Native, native } from '../native/binding.ts'
import { type Password, passwordHandleOf } from './password.ts'
import { type AgeIdentity, type AgeRecipient, keyHandleOf, type RecoveryKey } from './recovery-key.ts'

/** What a person has: a password or a 64-digit key. */
export type Credential = Password | RecoveryKey

/** Who may open a sealed file. A bare password does not compile: wrap it in {@link password}. */
export type Recipient = Credential | AgeRecipient

/** What opens a sealed file. */
export type Identity = Credential | AgeIdentity

/**
 * The recipients of `to`, in the addon.
 *
 * @throws `INVALID_ARGUMENT` naming the entry and never repeating it; for closed credentials and bad recipients too.
 * @internal
 */
export function recipientSet(to: unknown): Native<'RecipientSet'> {
  const set = native((addon) => new addon.RecipientSet())
  for (const [name, entry] of entries(to, 'to')) {
    const [key, password] = [keyHandleOf(entry), passwordHandleOf(entry)]
    if (key !== undefined) native(() => set.addKey(key))
    else if (password !== undefined) native(() => set.addPassword(password))
    else if (startsWith(entry, 'age1')) native(() => set.addAge(entry))
    else throw invalid(`${name} must be a Password, a RecoveryKey or an age recipient (age1…)`)
  }
  return set
}

/**
 * The identities of `with`, in the addon.
 *
 * @throws `INVALID_ARGUMENT` naming the entry and never repeating it; for closed credentials and bad identities too.
 * @internal
 */
export function identitySet(identities: unknown): Native<'IdentitySet'> {
  const set = native((addon) => new addon.IdentitySet())
  for (const [name, entry] of entries(identities, 'with')) {
    const [key, password] = [keyHandleOf(entry), passwordHandleOf(entry)]
    if (key !== undefined) native(() => set.addKey(key))
    else if (password !== undefined) native(() => set.addPassword(password))
    else if (startsWith(entry, 'AGE-SECRET-KEY-')) native(() => set.addAge(entry))
    else throw invalid(`${name} must be a Password, a RecoveryKey or an age identity (AGE-SECRET-KEY-…)`)
  }
  return set
}

/**
 * Credentials of a repository, in the addon; none for undefined. `name` is the argument's in messages.
 *
 * @throws `INVALID_ARGUMENT` naming the entry and never repeating it; for closed credentials too.
 * @internal
 */
export function credentialSet(credentials: unknown, name: string, label: string): Native<'CredentialSet'> {
  const set = native((addon) => new addon.CredentialSet())
  if (credentials === undefined) return set
  for (const [place, entry] of entries(credentials, name)) {
    const [key, password] = [keyHandleOf(entry), passwordHandleOf(entry)]
    if (key !== undefined) native(() => set.addKey(key, label))
    else if (password !== undefined) native(() => set.addPassword(password, label))
    else throw invalid(`${place} must be a Password or a RecoveryKey`)
  }
  return set
}

function entries(value: unknown, name: string): readonly (readonly [string, unknown])[] {
  if (!Array.isArray(value)) return [[name, value]]
  if (value.length === 0) throw invalid(`${name} is empty`)
  return value.map((entry: unknown, index) => [`${name}[${index}]`, entry])
}

function startsWith(value: unknown, prefix: string): value is string {
  return typeof value === 'string' && value.startsWith(prefix)
}
