import type { Entry } from './entry.ts'

const CHECK_AND_REPEAT = 'Check the backup; move the objects it names away, and back up again from the sources.'
const DISTRUST = 'Distrust the destination: somebody who can write there may have changed the backup.'

/** Codes of backups that are damaged, forged, or not what they were. @internal */
export const DAMAGED_REPOSITORIES = {
  OBJECT_MISMATCH: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the bytes of an object and its name differ',
    hint: CHECK_AND_REPEAT,
    details: ['object', 'path'],
  },
  OBJECT_FORGED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'an object is not one that a holder of the backup made',
    hint: DISTRUST,
    details: ['object', 'path'],
  },
  BLOCK_MISMATCH: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'a block is not what its name says, though its pack is whole',
    hint: CHECK_AND_REPEAT,
    details: ['object', 'path'],
  },
  BLOCK_MISSING: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'a piece of a file is nowhere in the backup',
    hint: 'Restore what there is, and back up again from the sources.',
    details: ['object', 'path'],
  },
  INDEX_DAMAGED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'an index says something else than an intact pack',
    hint: CHECK_AND_REPEAT,
    details: ['object', 'path'],
  },
  SNAPSHOT_TAMPERED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'a snapshot is not genuine, or contradicts itself',
    hint: DISTRUST,
    details: ['object', 'path'],
  },
  SLOT_INVALID: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the sealed copy of the secret for a credential does not have its form',
    hint: DISTRUST,
    details: ['object', 'path'],
  },
  SLOT_FORGED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the sealed copy of the secret for a credential is of another backup, or was made by somebody else',
    hint: DISTRUST,
    details: ['object', 'path'],
  },
  REPOSITORY_FORGED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'what a backup says about itself contradicts its genuine records',
    hint: DISTRUST,
    details: ['object', 'path'],
  },
  PROTECTION_DOWNGRADED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the destination says that protection is off, and it is expected to be on',
    hint: DISTRUST,
    details: ['object', 'path'],
  },
  ROLLBACK_SUSPECTED: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'the destination shows an older state than was seen before',
    hint: 'Distrust the destination; go on only if you know why it is older.',
    details: ['object', 'path'],
  },
  PATH_UNSAFE: {
    kind: 'IntegrityError',
    retryable: false,
    when: 'a name in a snapshot would lead out of the target',
    hint: 'Distrust this backup: no honest program makes such names.',
    details: ['object', 'path'],
  },
} as const satisfies { readonly [C in DamageCode]: Entry<C> }

type DamageCode =
  | 'OBJECT_MISMATCH'
  | 'OBJECT_FORGED'
  | 'BLOCK_MISMATCH'
  | 'BLOCK_MISSING'
  | 'INDEX_DAMAGED'
  | 'SNAPSHOT_TAMPERED'
  | 'SLOT_INVALID'
  | 'SLOT_FORGED'
  | 'REPOSITORY_FORGED'
  | 'PROTECTION_DOWNGRADED'
  | 'ROLLBACK_SUSPECTED'
  | 'PATH_UNSAFE'
