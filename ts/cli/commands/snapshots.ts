import type { Command } from 'commander'
import { type AnyHoldfastError, type HoldfastError, isHoldfastError, type Snapshot } from '../../index.ts'
import { shortId, snapshotData } from '../entry.ts'
import { table } from '../listing.ts'
import { append, type OpeningChoice, withJson, withOpening } from '../options.ts'
import { printable } from '../printable.ts'
import { AboutFile, Ended, EXIT, noticedData, told } from '../report.ts'
import { noticed, withRepository } from '../repository.ts'
import { note, result, resultAsJson, warn } from '../terminal.ts'
import { count, size, when } from '../words.ts'

const EXAMPLES = `
The newest comes first. Wherever a snapshot is to be named, the first digits of its id are enough.
"latest" is the newest complete one; the mark "incomplete" says that something could not be read.

Examples:
  $ holdfast snapshots /mnt/disk/backup --key-file my.key
  $ holdfast snapshots /mnt/disk/backup --tag nightly
  $ holdfast snapshots /mnt/disk/backup --json | jq -r ".snapshots[].id"`

const HEAD = ['ID', 'TIME', 'HOST', 'ENTRIES', 'SIZE', 'SOURCES', 'TAGS']
/** Columns of numbers. */
const RIGHT = [3, 4]

type Options = OpeningChoice & { tag?: readonly string[]; host?: string }

/** Adds `holdfast snapshots`. */
export function addSnapshots(program: Command): void {
  const command = program
    .command('snapshots')
    .summary('list the snapshots of a backup')
    .description('List the snapshots at DEST.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .option('--tag <text>', 'only those with this tag; can be repeated, for all of them', append)
    .option('--host <name>', 'only those of this machine')
  withOpening(command)
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, options: Options) => snapshots(dest, options))
}

async function snapshots(dest: string, options: Options): Promise<void> {
  const listed = await withRepository(dest, options, async ({ repository, signal }) => {
    const seen = await collect(repository.snapshots({ signal }), options)
    return { ...seen, warnings: noticed(repository) }
  })
  if (options.json === true) sayInJson(dest, listed)
  else say(dest, listed)
}

/** What could be read, and the failure after it that makes the list doubtful. */
interface Listed {
  readonly found: readonly Snapshot[]
  readonly doubt: AnyHoldfastError | undefined
  readonly warnings: readonly HoldfastError[]
}

async function collect(all: AsyncIterable<Snapshot>, options: Options): Promise<Omit<Listed, 'warnings'>> {
  const found: Snapshot[] = []
  try {
    for await (const snapshot of all) if (fits(snapshot, options)) found.push(snapshot)
    return { found, doubt: undefined }
  } catch (thrown) {
    if (!isHoldfastError(thrown)) throw thrown
    return { found, doubt: thrown }
  }
}

function say(dest: string, { found, doubt, warnings }: Listed): void {
  for (const { message } of warnings) if (message !== doubt?.message) warn(printable(message))
  if (found.length > 0) result(table([HEAD, ...found.map(row)], RIGHT))
  else if (doubt === undefined) note('holdfast: there is no such snapshot')
  if (doubt !== undefined) throw new AboutFile(dest, doubt)
}

function sayInJson(dest: string, { found, doubt, warnings }: Listed): void {
  const { exitCode, ...error } = doubt === undefined ? { exitCode: EXIT.done } : told(doubt)
  resultAsJson({
    ...(doubt !== undefined && { ok: false, exitCode, error }),
    command: 'snapshots',
    destination: dest,
    snapshots: found.map(snapshotData),
    warnings: warnings.map(noticedData),
  })
  if (doubt !== undefined) throw new Ended(exitCode)
}

function fits({ tags, host }: Snapshot, { tag = [], host: wanted = host }: Options): boolean {
  return host === wanted && tag.every((one) => tags.includes(one))
}

function row(snapshot: Snapshot): string[] {
  const { time, host, entries, bytes, sources, tags, complete } = snapshot
  const marks = complete ? tags : ['incomplete', ...tags]
  return [
    shortId(snapshot),
    when(time),
    printable(host),
    count(entries),
    size(bytes),
    printable(sources.join(', ')),
    printable(marks.join(', ')),
  ]
}
