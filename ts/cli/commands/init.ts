import type { Command } from 'commander'
import {
  type Credential,
  createRepository,
  DestinationError,
  isHoldfastError,
  openRepository,
  type Repository,
} from '../../index.ts'
import { type CredentialSource, credentials, Given } from '../credentials.ts'
import { interruptible } from '../interrupt.ts'
import {
  type OutputChoice,
  type StateChoice,
  withCost,
  withJson,
  withKeyFile,
  withPassword,
  withState,
} from '../options.ts'
import { type Place, placeAt } from '../place.ts'
import { printable } from '../printable.ts'
import { withBar } from '../progress-bar.ts'
import { askNewCredential } from '../prompt.ts'
import { about, CommandLineError, noticedData } from '../report.ts'
import { note, result, resultAsJson, warn } from '../terminal.ts'
import { shellWord } from '../words.ts'

const EXAMPLES = `
DEST is a folder, which is made if it is missing, or s3://bucket/prefix. Whatever is stored there is
encrypted; names and sizes of files, too. Without the password or the key nobody can restore, so
have two of them, or write the key down: holdfast key show my.key

Examples:
  $ holdfast init /mnt/disk/backup                        asks for a new password, twice
  $ holdfast init /mnt/disk/backup --key-file my.key      for the 64-digit key of holdfast key new
  $ holdfast init /mnt/disk/backup --key-file my.key --password-file pw.txt
                                                          either of the two opens it
  $ holdfast init "s3://my-bucket/laptop?endpoint=https://s3.example.com" --key-file my.key
  $ holdfast init /mnt/disk/open --unprotected            not encrypted: for what is public anyway

Access to S3 comes from where the AWS programs have it: the environment, ~/.aws, the machine's role.
It needs the package @aws-sdk/client-s3 beside holdfast. &region=, &path-style= and &checksums= go
into the address, too.`

type Options = CredentialSource & StateChoice & OutputChoice & { unprotected?: true; label?: string }

/** Adds `holdfast init`. */
export function addInit(program: Command): void {
  const command = program
    .command('init')
    .summary('begin a new backup at a destination')
    .description('Begin a new backup at DEST, and say what opens it.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .option('--unprotected', 'do not encrypt: whoever can read DEST can read the files')
    .option('--label <text>', 'a name for the password or the key, such as the place where it is kept')
  for (const extend of [withKeyFile, withPassword, withCost, withState]) extend(command)
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, options: Options) => init(dest, options))
}

async function init(dest: string, options: Options): Promise<void> {
  const json = options.json === true
  const place = await placeAt(dest)
  using given = await credentials(options, '')
  if (options.unprotected === true) refuseCredentials(given, options)
  else if (given.all.length === 0) await refuseExisting(place)
  using to = options.unprotected === true || given.all.length > 0 ? given : await asked(options)
  await interruptible((signal) =>
    about(dest, async () => {
      await using repository = await withBar('creating', json, (onProgress) =>
        createRepository(place.store, {
          ...(options.unprotected === true ? { unprotected: true } : { to: to.all, label: options.label }),
          stateDir: options.stateDir,
          signal,
          onProgress,
        }),
      )
      say(dest, repository, to, options)
    }),
  )
}

function say(dest: string, repository: Repository, to: Given<Credential>, options: Options): void {
  const { id, epoch, isProtected, warnings } = repository
  if (options.json === true) {
    const noticed = warnings.map((warning) => noticedData(warning))
    resultAsJson({ command: 'init', destination: dest, id, epoch, protected: isProtected, warnings: noticed })
    return
  }
  for (const warning of warnings) warn(printable(warning.message))
  const opens = isProtected ? `opened by ${to.all.map(kindName).join(' or by ')}` : 'not protected'
  result(`a new backup is at ${printable(dest)}: ${opens}`)
  if (!isProtected) warn('whoever can read the destination can read every file that is backed up there')
  const key = options.keyFile === undefined ? '' : ` --key-file ${shellWord(options.keyFile)}`
  const rest = `${shellWord(dest)}${isProtected ? key : ' --unprotected'}`
  note(`Back up to it: holdfast backup FOLDER --to ${printable(rest)}`)
}

function refuseCredentials({ all }: Given<Credential>, { label, cost }: Options): void {
  if (all.length === 0 && label === undefined && cost === undefined) return
  throw new CommandLineError(
    '--unprotected needs no password, no key and no --label',
    'Leave --unprotected out to have the backup encrypted.',
  )
}

/** Nobody is asked for a new password twice, only to hear that there is a backup already. */
async function refuseExisting({ name, store }: Place): Promise<void> {
  await interruptible((signal) =>
    about(name, async () => {
      try {
        await using _ = await openRepository(store, { stateDir: null, signal })
      } catch (thrown) {
        if (isHoldfastError(thrown, 'NOT_A_REPOSITORY')) return
        if (!isHoldfastError(thrown, 'NO_SUCH_SLOT')) throw thrown
      }
      throw new DestinationError('OBJECT_EXISTS', 'there is a backup at this destination already', {
        details: { destination: store.name, object: 'holdfast.json' },
      })
    }),
  )
}

async function asked({ cost }: Options): Promise<Given<Credential>> {
  return new Given([await askNewCredential(cost, 'Protect with')])
}

function kindName(credential: Credential): string {
  return 'checkNew' in credential ? 'the password' : 'the 64-digit key'
}
