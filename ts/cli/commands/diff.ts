import type { Command } from 'commander'
import type { Difference, Entry } from '../../index.ts'
import { entryData, entryName } from '../entry.ts'
import { printEach } from '../listing.ts'
import { type OpeningChoice, withJsonLines, withOpening } from '../options.ts'
import { printable } from '../printable.ts'
import { withRepository } from '../repository.ts'
import { note, resultAsJson } from '../terminal.ts'
import { counted, size } from '../words.ts'

const EXAMPLES = `
  +  added      -  removed      M  content changed      m  only mode or time changed

Examples:
  $ holdfast diff /mnt/disk/backup 4f2a 9c01
  $ holdfast diff /mnt/disk/backup 4f2a                  from that snapshot to the latest`

const MARKS: Readonly<Record<Difference['change'], string>> = { added: '+', removed: '-', changed: 'M', metadata: 'm' }

/** Adds `holdfast diff`. */
export function addDiff(program: Command): void {
  const command = program
    .command('diff')
    .summary('say what differs between two snapshots')
    .description('Say what differs between the snapshots BEFORE and AFTER at DEST.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .argument('<before>', 'a snapshot, by the first digits of its id')
    .argument('[after]', 'another', 'latest')
  withOpening(command)
  withJsonLines(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, before: string, after: string, options: OpeningChoice) => diff(dest, before, after, options))
}

async function diff(dest: string, before: string, after: string, options: OpeningChoice): Promise<void> {
  const json = options.json === true
  const counts = { added: 0, removed: 0, changed: 0, metadata: 0 }
  await withRepository(dest, options, ({ repository, signal }) =>
    printEach(repository.diff(before, after, { signal }), (difference, lines) => {
      counts[difference.change] += 1
      if (json) lines.addJson({ command: 'diff', difference: data(difference) })
      else lines.add(line(difference))
    }),
  )
  if (json) {
    resultAsJson({ command: 'diff', destination: dest, ...counts })
    return
  }
  const { added, removed, changed, metadata } = counts
  note(`${added} added, ${removed} removed, ${changed} changed; ${counted(metadata, 'mode or time', 'modes or times')}`)
}

function line({ change, path, before, after }: Difference): string {
  const entry = after ?? before
  const name = entry === undefined ? printable(path) : entryName(entry)
  return `${MARKS[change]}  ${name}${change === 'changed' ? sizes(before, after) : ''}`
}

function sizes(before: Entry | undefined, after: Entry | undefined): string {
  if (before?.kind !== 'file' || after?.kind !== 'file') return ''
  return before.size === after.size ? `  (${size(after.size)})` : `  (${size(before.size)}, now ${size(after.size)})`
}

function data({ change, path, before, after }: Difference): object {
  return {
    change,
    path,
    ...(before !== undefined && { before: entryData(before) }),
    ...(after !== undefined && { after: entryData(after) }),
  }
}
