import type { AnyHoldfastError, CredentialKind } from '../index.ts'

/** What to do next, in the words of the command line. */
export function hint(error: AnyHoldfastError): string {
  switch (error.code) {
    case 'TARGET_EXISTS':
      return 'Choose another name with -o, another folder with --target, or replace what is there with --force.'
    case 'WRONG_CREDENTIAL':
      return error.details.looksLike === undefined
        ? error.hint
        : `What was given looks like a ${kindName(error.details.looksLike)}: ${kindOption(error.details.looksLike)}.`
    case 'NO_SUCH_SLOT':
      return available(error.details.available) ?? error.hint
    case 'OUT_OF_MEMORY':
      return 'Free memory, or seal with --cost interactive.'
    case 'NOT_A_REPOSITORY':
      return 'Check the address. A new backup begins with: holdfast init DEST.'
    case 'OBJECT_EXISTS':
      return 'If it is a backup, go on with it: holdfast backup FOLDER --to DEST. Otherwise check who else writes there.'
    case 'SNAPSHOT_MISSING':
      return 'List the snapshots with holdfast snapshots DEST, and what is in one with holdfast ls DEST.'
    case 'BLOCK_MISSING':
      return 'See what is damaged: holdfast check DEST --read all. Restore what there is with --partial.'
    case 'ROLLBACK_SUSPECTED':
      return 'Distrust the destination. If you know why it shows an older state, say --accept-rollback.'
    case 'DESTINATION_DENIED':
      return error.details.destination === 's3'
        ? 'Check the address, and the access key: AWS_ACCESS_KEY_ID and the like, ~/.aws, or the role of this machine.'
        : error.hint
    case 'PACKAGE_MISSING':
      return `Install it where holdfast is installed: npm install ${error.details.package} (--global if holdfast is).`
    case 'INVALID_ARGUMENT':
      return 'See holdfast --help.'
    default:
      return error.hint
  }
}

function available(kinds: readonly CredentialKind[]): string | undefined {
  if (kinds.length === 0) return undefined
  return `Use its ${kinds.map(kindName).join(' or ')}: ${kinds.map(kindOption).join(', ')}.`
}

function kindName(kind: CredentialKind): string {
  return kind === 'key' ? '64-digit key' : 'password'
}

function kindOption(kind: CredentialKind): string {
  return kind === 'key' ? 'give it with --key-file' : 'give it with --password-file, or type it when asked'
}
