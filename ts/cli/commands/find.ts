import type { Command } from 'commander'
import { entryData, entryLine, shortId, snapshotData } from '../entry.ts'
import { printEach } from '../listing.ts'
import { type OpeningChoice, withJsonLines, withOpening, withSnapshot } from '../options.ts'
import { printable } from '../printable.ts'
import { withRepository } from '../repository.ts'
import { note, resultAsJson } from '../terminal.ts'
import { when } from '../words.ts'

const EXAMPLES = `
A pattern without / fits a name anywhere; with one it fits whole paths. * stays within a name, **
goes through folders, ? is one character. Quote it, so that the shell leaves it alone.

Examples:
  $ holdfast find /mnt/disk/backup "*.mov"                   in every snapshot
  $ holdfast find /mnt/disk/backup "Pictures/2026/**" --snapshot latest
  $ holdfast find /mnt/disk/backup "notes.txt" "todo*"       either of the two`

type Options = OpeningChoice & { snapshot?: string }

/** Adds `holdfast find`. */
export function addFind(program: Command): void {
  const command = program
    .command('find')
    .summary('find files by their names, in all snapshots')
    .description('Find what fits a PATTERN in the snapshots at DEST.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .argument('<pattern...>', 'names or paths, with * ** and ?')
  withSnapshot(command, 'only in this snapshot, by the first digits of its id, or latest')
  withOpening(command)
  withJsonLines(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, patterns: string[], options: Options) => find(dest, patterns, options))
}

async function find(dest: string, patterns: readonly string[], options: Options): Promise<void> {
  const { snapshot, json } = options
  const entries = await withRepository(dest, options, async ({ repository, signal }) => {
    let last = ''
    const found = repository.find(patterns, { signal, ...(snapshot !== undefined && { snapshot }) })
    return await printEach(found, (entry, lines) => {
      if (json === true) {
        lines.addJson({ command: 'find', entry: entryData(entry), snapshot: snapshotData(entry.snapshot) })
        return
      }
      const { id, time, host } = entry.snapshot
      if (id !== last) lines.add(`snapshot ${shortId(entry.snapshot)} of ${when(time)}, ${printable(host)}`)
      last = id
      lines.add(`  ${entryLine(entry)}`)
    })
  })
  if (json === true) resultAsJson({ command: 'find', destination: dest, entries })
  else if (entries === 0) note('holdfast: nothing fits')
}
