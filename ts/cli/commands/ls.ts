import type { Command } from 'commander'
import type { Entry } from '../../index.ts'
import { entryData, entryLine } from '../entry.ts'
import { printEach } from '../listing.ts'
import { type OpeningChoice, withJsonLines, withOpening, withSnapshot } from '../options.ts'
import { CommandLineError } from '../report.ts'
import { withRepository } from '../repository.ts'
import { resultAsJson } from '../terminal.ts'

const EXAMPLES = `
Paths begin with the name of what was backed up; holdfast restore takes them as they are printed.

Examples:
  $ holdfast ls /mnt/disk/backup                            the folders that were backed up
  $ holdfast ls /mnt/disk/backup Pictures/2026              what is in a folder
  $ holdfast ls /mnt/disk/backup --recursive                everything
  $ holdfast ls /mnt/disk/backup Pictures --snapshot 4f2a   as it was then`

type Options = OpeningChoice & { snapshot?: string; recursive?: true }

/** Adds `holdfast ls`. */
export function addLs(program: Command): void {
  const command = program
    .command('ls')
    .summary('list the files of a snapshot')
    .description('List what is in a snapshot at DEST: at its top, or in the folder PATH.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .argument('[path]', 'a folder or a file in the snapshot')
    .option('-r, --recursive', 'with all that is in the folders')
  withSnapshot(command, 'the snapshot to look at, by the first digits of its id (default: latest)')
  withOpening(command)
  withJsonLines(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, path: string | undefined, options: Options) => list(dest, path, options))
}

async function list(dest: string, path: string | undefined, options: Options): Promise<void> {
  const json = options.json === true
  const below = parts(path)
  const { snapshot = 'latest', recursive } = options
  const entries = await withRepository(dest, options, async ({ repository, signal }) => {
    const all = repository.list(snapshot, { signal, ...(below.length > 0 && { path: below.join('/') }) })
    const shown = recursive === true ? all : level(all, below.length)
    return await printEach(shown, (entry, lines) => {
      if (json) lines.addJson({ command: 'ls', entry: entryData(entry) })
      else lines.add(entryLine(entry))
    })
  })
  if (json) resultAsJson({ command: 'ls', destination: dest, entries })
}

/** What is in the folder at this depth; when it is a file, the file itself. */
async function* level(entries: AsyncIterable<Entry>, depth: number): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    const at = parts(entry.path).length
    if (at === depth + 1 || (at === depth && entry.kind !== 'directory')) yield entry
  }
}

/** The names in a path; a slash at either end says nothing. */
function parts(path: string | undefined): string[] {
  const names = (path ?? '').split('/').filter((name) => name !== '')
  if (names.every((name) => name !== '.' && name !== '..')) return names
  throw new CommandLineError('a path in a snapshot has no . and no ..', 'Write it as holdfast ls prints it.')
}
