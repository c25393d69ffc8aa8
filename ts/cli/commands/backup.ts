import { lstatSync } from 'node:fs'
import type { Command } from 'commander'
import { type BackupResult, FileError, type HoldfastError, type SourceInput } from '../../index.ts'
import { sayBackup } from '../backup-summary.ts'
import { snapshotData } from '../entry.ts'
import { append, type OpeningChoice, withJson, withOpening } from '../options.ts'
import { refuseItself } from '../place.ts'
import { withBar } from '../progress-bar.ts'
import { AboutFile, CommandLineError, Ended, EXIT, noticedData } from '../report.ts'
import { noticed, type Session, withRepository } from '../repository.ts'
import { resultAsJson, warn } from '../terminal.ts'

const EXAMPLES = `
Only what changed since the last backup of the same folders is read, and only what is new is stored.
Databases of SQLite are taken as they are at one moment, also while programs write to them. Links
are kept as links. Sockets, pipes and devices are named and left out.

A pattern without / fits a name anywhere; with one it fits whole paths, which begin with the name of
the folder that is backed up; with / at its end it fits folders only. ** goes through folders.

Examples:
  $ holdfast backup ~/Pictures ~/notes.txt --to /mnt/disk/backup
  $ holdfast backup ~/Pictures --to /mnt/disk/backup --exclude "*.tmp" --exclude "cache/"
  $ holdfast backup ~/Pictures --to /mnt/disk/backup --tag nightly --key-file my.key
  $ holdfast backup ~/Pictures --to /mnt/disk/backup --dry-run       what would it read and store?
  $ pg_dump shop | holdfast backup --stdin shop.sql --to /mnt/disk/backup --key-file my.key
  $ holdfast backup ~/Pictures --to "s3://my-bucket/laptop?endpoint=https://s3.example.com"

The end of standard input is taken for the end of the file, also when the program before it failed:
with "set -o pipefail" a shell says so.

Exit code 7: there is a new snapshot, but something could not be read; standard error names it.`

type Options = OpeningChoice & {
  to: string
  exclude?: readonly string[]
  tag?: readonly string[]
  dryRun?: true
  stdin?: string
  host?: string
  unprotected?: true
}

/** Adds `holdfast backup`. */
export function addBackup(program: Command): void {
  const command = program
    .command('backup')
    .summary('back up files and folders')
    .description('Back up each PATH, with all that is in it, as one new snapshot at DEST.')
    .argument('[path...]', 'files and folders')
    .requiredOption('--to <dest>', 'a folder, or s3://bucket/prefix, where holdfast init has begun a backup')
    .option('--exclude <pattern>', 'leave out what fits this pattern; can be repeated', append)
    .option('--tag <text>', 'a word to find the snapshot by; can be repeated', append)
    .option('--dry-run', 'say what would be read and stored, and store nothing')
    .option('--stdin <name>', 'back up standard input, too, as a file of this name')
    .option('--host <name>', 'the name of this machine in the snapshot (default: its own)')
    .option('--unprotected', 'the backup at DEST is not encrypted, and that is meant')
  withOpening(command)
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((paths: string[], options: Options) => backup(paths, options))
}

async function backup(paths: readonly string[], options: Options): Promise<void> {
  const sources = sourcesOf(paths, options)
  const begun = performance.now()
  const { made, warnings } = await withRepository(
    options.to,
    options,
    async (session) => {
      refuseUnmeant(session, options)
      for (const path of paths) refuseItself(path, session.place)
      const made = await run(sources, session, options)
      return { made, warnings: noticed(session.repository, made.warnings) }
    },
    options.stdin === undefined ? '' : '-',
  )
  if (options.json === true) resultAsJson(data(made, warnings, options))
  else sayBackup(options.to, made, { warnings, dryRun: options.dryRun === true, begun })
  if (!made.complete) throw new Ended(EXIT.incomplete)
}

function run(sources: readonly SourceInput[], session: Session, options: Options): Promise<BackupResult> {
  const { exclude, tag, host, dryRun, json } = options
  return withBar('backing up', json === true, (onProgress) =>
    session.repository.backup(sources, {
      ...(exclude !== undefined && { exclude }),
      ...(tag !== undefined && { tags: tag }),
      ...(host !== undefined && { host }),
      dryRun: dryRun === true,
      signal: session.signal,
      onProgress,
    }),
  )
}

/** Files in clear reach a destination only when that was said: it may have exchanged the backup for an open one. */
function refuseUnmeant({ repository }: Session, { unprotected }: Options): void {
  if (repository.isProtected && unprotected === true) {
    warn('--unprotected changes nothing: this backup is encrypted')
  } else if (!repository.isProtected && unprotected !== true) {
    throw new CommandLineError(
      'the backup at this destination is not encrypted: whoever can read it can read the files',
      'If that is meant, say --unprotected. If it was encrypted before, distrust the destination.',
    )
  }
}

/** One path that is missing is told at the end, like everything that cannot be read; when all are, it is a mistake. */
function sourcesOf(paths: readonly string[], { stdin }: Options): SourceInput[] {
  if (paths.includes('')) throw new CommandLineError('a path is empty', 'Name the files and folders to back up.')
  if (stdin !== undefined) return [...paths, standardInputAs(stdin)]
  const [first] = paths
  if (first === undefined) {
    throw new CommandLineError('nothing to back up is named', 'Name files and folders, or say --stdin NAME.')
  }
  if (paths.every((path) => !isThere(path))) {
    const missing = 'the source cannot be read: open: no such file or folder'
    throw new AboutFile(first, new FileError('SOURCE_UNREADABLE', missing, { details: { call: 'open' } }))
  }
  return [...paths]
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}

/** Standard input, once: what has been read of a pipe cannot be read again. */
function standardInputAs(name: string): SourceInput {
  let isSpent = false
  const open = (): NodeJS.ReadStream => {
    if (isSpent) throw new FileError('SOURCE_CHANGED', 'standard input cannot be read twice')
    isSpent = true
    return process.stdin
  }
  return { name, open }
}

function data(made: BackupResult, warnings: readonly HoldfastError[], { to, dryRun }: Options): object {
  const { id, complete, snapshot, files, readBytes, storedBytes, unread, notStored } = made
  const problem = ({ path, error }: BackupResult['unread'][number]): object => ({ ...noticedData(error), path })
  return {
    command: 'backup',
    ...(!complete && { exitCode: EXIT.incomplete }),
    destination: to,
    dryRun: dryRun === true,
    ...(dryRun !== true && { id }),
    complete,
    snapshot: snapshotData(snapshot),
    files,
    readBytes,
    storedBytes,
    unread: unread.map(problem),
    notStored: notStored.map(problem),
    warnings: warnings.map(noticedData),
  }
}
