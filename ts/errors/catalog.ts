import type { ErrorCode } from './details.ts'
import type { Entry, ErrorKind } from './entry.ts'
import { DAMAGED_REPOSITORIES } from './repositories.ts'

export type { ErrorKind } from './entry.ts'

const OTHER_COPY = 'Use another copy of the file.'

/** Every code, in the order of `docs/errors.md`. */
export const CATALOG = {
  WRONG_CREDENTIAL: {
    kind: 'CredentialError',
    retryable: false,
    when: 'the file or the backup can be opened with a credential of this kind, but not with this one',
    hint: 'Check the password or the 64-digit key, or use the other one.',
    details: ['tried', 'looksLike'],
  },
  NO_SUCH_SLOT: {
    kind: 'CredentialError',
    retryable: false,
    when: 'the file or the backup has no credential of this kind',
    hint: 'Use the kind of credential that it was made for.',
    details: ['tried', 'available', 'looksLike'],
  },
  LAST_SLOT: {
    kind: 'CredentialError',
    retryable: false,
    when: 'the only credential of a backup, or the one that removes, is to be removed',
    hint: 'Add another credential first, and remove with that one.',
    details: ['object'],
  },
  KEY_LENGTH: {
    kind: 'CredentialError',
    retryable: false,
    when: 'a 64-digit key has another number of digits',
    hint: 'Type all 64 digits: 16 groups of 4.',
    details: ['digits'],
  },
  KEY_CHARACTER: {
    kind: 'CredentialError',
    retryable: false,
    when: 'a 64-digit key has a character other than 0-9 and a-f',
    hint: 'Correct the group that is named: a key has only the digits 0-9 and a-f.',
    details: ['position', 'group'],
  },
  KEY_CHECK: {
    kind: 'CredentialError',
    retryable: false,
    when: 'the check group does not fit the digits',
    hint: 'Compare the digits with the original: at least one differs.',
    details: [],
  },
  KEY_WEAK: {
    kind: 'CredentialError',
    retryable: false,
    when: 'a file is to be sealed for a key whose digits are all equal',
    hint: 'Make a new key.',
    details: [],
  },
  PASSWORD_CHARACTER: {
    kind: 'CredentialError',
    retryable: false,
    when: 'a password has a control character, half a character, or one that Unicode does not know',
    hint: 'Choose a password without the character that is named.',
    details: ['position'],
  },
  PASSWORD_LENGTH: {
    kind: 'CredentialError',
    retryable: false,
    when: 'a password is empty, over 1024 characters, or, when sealing, under 8',
    hint: 'Choose a password with at least 8 characters.',
    details: ['count', 'min', 'max'],
  },
  NOT_SEALED: {
    kind: 'FormatError',
    retryable: false,
    when: 'the first line is not that of an age file',
    hint: 'Check the path: this is not a sealed file.',
    details: [],
  },
  NOT_A_REPOSITORY: {
    kind: 'FormatError',
    retryable: false,
    when: 'there is no backup at the destination, or one that was begun and never finished',
    hint: 'Check the address; if it is right, create a backup there.',
    details: ['object'],
  },
  UNSUPPORTED_VERSION: {
    kind: 'FormatError',
    retryable: false,
    when: 'it is an age file of another version than 1, or a backup of a later version',
    hint: 'Update this program.',
    details: [],
  },
  UNSUPPORTED_FEATURE: {
    kind: 'FormatError',
    retryable: false,
    when: 'a backup needs a feature that this program does not know',
    hint: 'Update this program.',
    details: ['object', 'path'],
  },
  MALFORMED: {
    kind: 'FormatError',
    retryable: false,
    when: 'the header, the armor, a stanza, or an object of a backup does not have the form that the format demands',
    hint: 'Use another copy.',
    details: ['line', 'object'],
  },
  KDF_LIMIT: {
    kind: 'FormatError',
    retryable: false,
    when: 'the file asks for a key derivation above the limits',
    hint: 'Distrust this file: it asks for an unreasonable amount of work.',
    details: ['what', 'asked', 'limit'],
  },
  HEADER_TAMPERED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the header MAC does not match',
    hint: OTHER_COPY,
    details: [],
  },
  CHUNK_CORRUPT: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'a chunk is damaged, cut or in the wrong place',
    hint: OTHER_COPY,
    details: ['chunk', 'offset'],
  },
  TRUNCATED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the file ends before its final chunk',
    hint: OTHER_COPY,
    details: ['chunks'],
  },
  TRAILING_DATA: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'bytes follow the final chunk',
    hint: OTHER_COPY,
    details: ['chunk', 'offset'],
  },
  ...DAMAGED_REPOSITORIES,
  SOURCE_UNREADABLE: {
    kind: 'FileError',
    retryable: false,
    when: 'a source does not exist, is of a kind that cannot be read, or fails while it is read',
    hint: 'Check the path and the permission to read it.',
    details: ['call', 'path'],
  },
  SOURCE_CHANGED: {
    kind: 'FileError',
    retryable: true,
    when: 'the source was written to, cut or replaced while it was read',
    hint: 'Run it again when nothing writes to the file.',
    details: ['path'],
  },
  TARGET_EXISTS: {
    kind: 'FileError',
    retryable: false,
    when: 'a file exists at the target, or appeared there during the work',
    hint: 'Choose another name, or ask for the file to be replaced.',
    details: ['path'],
  },
  TARGET_UNSAFE: {
    kind: 'FileError',
    retryable: false,
    when: 'the target is a link, a folder, a device, read-only, or its folder was exchanged during the work',
    hint: 'Choose another target.',
    details: ['path'],
  },
  TARGET_UNWRITABLE: {
    kind: 'FileError',
    retryable: false,
    when: 'the target cannot be written',
    hint: 'Check the folder and the permission to write there.',
    details: ['call', 'path'],
  },
  NO_SPACE: {
    kind: 'FileError',
    retryable: false,
    when: 'the disk or the quota is full',
    hint: 'Make room, or choose a target on another disk.',
    details: ['call', 'path'],
  },
  DESTINATION_DENIED: {
    kind: 'DestinationError',
    retryable: false,
    when: 'the destination refuses the credentials, the right to do this, or the request itself',
    hint: 'Check the address, the account and what it may do there.',
    details: ['destination'],
  },
  DESTINATION_BUSY: {
    kind: 'DestinationError',
    retryable: true,
    when: 'the destination asks for fewer requests',
    hint: 'Try again later: the destination asked to slow down.',
    details: ['destination', 'retryAfterMs'],
  },
  DESTINATION_UNREACHABLE: {
    kind: 'DestinationError',
    retryable: true,
    when: 'the network, the disk or the service behind the destination failed',
    hint: 'Check the connection, then try again.',
    details: ['destination'],
  },
  DESTINATION_FULL: {
    kind: 'DestinationError',
    retryable: false,
    when: 'the space or the quota of the destination is used up',
    hint: 'Make room at the destination, or choose another one.',
    details: ['destination'],
  },
  DESTINATION_TIMEOUT: {
    kind: 'DestinationError',
    retryable: true,
    when: 'no byte moved for too long',
    hint: 'Check the connection, then try again.',
    details: ['destination'],
  },
  OBJECT_MISSING: {
    kind: 'DestinationError',
    retryable: false,
    when: 'the destination has no object of this name',
    hint: 'Check the address; if it is right, check the backup.',
    details: ['destination', 'object'],
  },
  OBJECT_EXISTS: {
    kind: 'DestinationError',
    retryable: false,
    when: 'the destination has another object of this name, or a backup already; what is there stays as it is',
    hint: 'Choose another place, or check whether another program writes to this destination.',
    details: ['destination', 'object'],
  },
  UPLOAD_MISMATCH: {
    kind: 'DestinationError',
    retryable: false,
    when: 'what arrived at the destination is not what was sent; nothing of it was kept',
    hint: 'Run it again; if it happens again, distrust the connection or the destination.',
    details: ['destination', 'object'],
  },
  LOCKED: {
    kind: 'AvailabilityError',
    retryable: true,
    when: 'another process makes a backup to this destination with the same state folder',
    hint: 'Wait until the other backup has ended.',
    details: [],
  },
  EPOCH_CHANGING: {
    kind: 'AvailabilityError',
    retryable: true,
    when: 'another device is creating the backup, or changing its protection',
    hint: 'Wait until it has finished, then try again.',
    details: ['object'],
  },
  TOO_LARGE: {
    kind: 'LimitError',
    retryable: false,
    when: 'a length is above what the format can hold',
    hint: 'Split the file.',
    details: ['path'],
  },
  OUT_OF_MEMORY: {
    kind: 'LimitError',
    retryable: true,
    when: 'memory for a key derivation is not to be had',
    hint: 'Free memory or raise the limit; for a new password choose a lower cost.',
    details: ['kib'],
  },
  SNAPSHOT_MISSING: {
    kind: 'UsageError',
    retryable: false,
    when: 'the backup has no such snapshot, no complete one, or the snapshot nothing at that path',
    hint: 'List the snapshots and what is in them.',
    details: ['path'],
  },
  INVALID_ARGUMENT: {
    kind: 'UsageError',
    retryable: false,
    when: 'the call itself is wrong',
    hint: 'Fix the call: the message names the argument.',
    details: [],
  },
  ADDON_MISSING: {
    kind: 'PlatformError',
    retryable: false,
    when: 'the compiled part for this platform is not installed or does not load',
    hint: 'Install the package that is named, or build the addon; see the README.',
    details: ['platform', 'package'],
  },
  PACKAGE_MISSING: {
    kind: 'PlatformError',
    retryable: false,
    when: 'an optional package that this destination needs is not installed',
    hint: 'Install the package that is named beside holdfast.',
    details: ['package'],
  },
  INTERNAL: {
    kind: 'HoldfastError',
    retryable: false,
    when: 'a defect of this program or of the system below it',
    hint: 'Report this as a bug, with the code and the version.',
    details: [],
  },
} as const satisfies { readonly [C in ErrorCode]: Entry<C> }

/** Codes of the errors of one class. */
export type CodeOf<K extends ErrorKind> = {
  [C in ErrorCode]: (typeof CATALOG)[C]['kind'] extends K ? C : never
}[ErrorCode]

/** Whether `value` is a code of this version. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CATALOG, value)
}
