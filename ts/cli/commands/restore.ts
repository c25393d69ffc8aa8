import type { Command } from 'commander'
import type { RestoreResult } from '../../index.ts'
import { shortId, snapshotData } from '../entry.ts'
import { type OpeningChoice, withJson, withOpening, withSnapshot } from '../options.ts'
import { refuseWithin } from '../place.ts'
import { printable } from '../printable.ts'
import { withBar } from '../progress-bar.ts'
import { between, CommandLineError, Ended, EXIT, noticedData } from '../report.ts'
import { noticed, type Session, withRepository } from '../repository.ts'
import { amount } from '../target.ts'
import { note, result, resultAsJson, warn } from '../terminal.ts'
import { counted, when } from '../words.ts'

const EXAMPLES = `
Each PATH keeps its place below DIR. A file has its name only when all of it is there and verified,
and nothing that exists is overwritten unasked: files that are as in the snapshot are kept as they
are, any other one ends the restore before it writes. An interrupted restore goes on where it was.

Examples:
  $ holdfast restore /mnt/disk/backup --target restored              the latest snapshot, all of it
  $ holdfast restore /mnt/disk/backup Pictures/2026 --target restored
  $ holdfast restore /mnt/disk/backup --target restored --snapshot 4f2a
  $ holdfast restore /mnt/disk/backup Pictures --target ~ --force    back to where it was
  $ holdfast restore /mnt/disk/backup --target restored --partial    of a damaged backup

Exit code 7: what could be restored is there; what could not is named on standard error.`

type Options = OpeningChoice & { target: string; snapshot?: string; partial?: true; force?: true }

/** Adds `holdfast restore`. */
export function addRestore(program: Command): void {
  const command = program
    .command('restore')
    .summary('restore a snapshot, or parts of it')
    .description('Restore a snapshot at DEST, or each PATH of it with all that is in it, into the folder DIR.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .argument('[path...]', 'files and folders, as holdfast ls prints them (default: everything)')
    .requiredOption('--target <dir>', 'the folder to restore into; it is made if it is missing')
    .option('--partial', 'restore what there is when something is missing or damaged')
    .option('--force', 'replace files that differ, each in one step and only by a complete one')
  withSnapshot(command, 'the snapshot to restore, by the first digits of its id (default: latest)')
  withOpening(command)
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, paths: string[], options: Options) => restore(dest, paths, options))
}

async function restore(dest: string, paths: readonly string[], options: Options): Promise<void> {
  if (options.target === '' || paths.includes('')) {
    throw new CommandLineError('a path is empty', 'Name the folder to restore into with --target DIR.')
  }
  const begun = performance.now()
  const { made, warnings } = await withRepository(dest, options, async (session) => {
    refuseWithin(options.target, session.place)
    const made = await between(dest, options.target, () => run(paths, session, options))
    return { made, warnings: noticed(session.repository, made.warnings) }
  })
  if (options.json === true) {
    const { snapshot, entries, kept, bytes, problems, complete } = made
    resultAsJson({
      command: 'restore',
      ...(!complete && { exitCode: EXIT.incomplete }),
      source: dest,
      target: options.target,
      complete,
      snapshot: snapshotData(snapshot),
      entries,
      kept,
      bytes,
      problems: problems.map(noticedData),
      warnings: warnings.map(noticedData),
    })
  } else {
    for (const warning of warnings) warn(printable(warning.message))
    say(made, options.target, begun)
  }
  if (!made.complete) throw new Ended(EXIT.incomplete)
}

function run(paths: readonly string[], { repository, signal }: Session, options: Options): Promise<RestoreResult> {
  const { target, snapshot = 'latest', partial, force, json } = options
  return withBar('restoring', json === true, (onProgress) =>
    repository.restore(snapshot, {
      to: target,
      ...(paths.length > 0 && { paths: paths.map((path) => path.replace(/^\/+|\/+$/g, '')) }),
      overwrite: force === true ? 'always' : 'never',
      partial: partial === true,
      signal,
      onProgress,
    }),
  )
}

function say(
  { snapshot, entries, kept, bytes, problems, complete }: RestoreResult,
  target: string,
  begun: number,
): void {
  for (const { message } of problems) note(`holdfast: not restored: ${printable(message)}`)
  const there = kept > 0 ? `, ${counted(kept, 'of them', 'of them')} there already` : ''
  const of = `snapshot ${shortId(snapshot)} of ${when(snapshot.time)}`
  result(
    `restored ${of} into ${printable(target)}: ${counted(entries, 'entry', 'entries')}${there}; ${amount(bytes, begun)}`,
  )
  if (!complete) warn(`${counted(problems.length, 'thing')} could not be restored; the rest is there and verified`)
}
