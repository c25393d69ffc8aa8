import type { Command } from 'commander'
import { type OpeningChoice, withJson, withOpening } from '../options.ts'
import { printable } from '../printable.ts'
import { noticedData } from '../report.ts'
import { noticed, withRepository } from '../repository.ts'
import { result, resultAsJson, warn } from '../terminal.ts'
import { count, size } from '../words.ts'

const EXAMPLES = `
content is the sum of all snapshots, as if each were a copy; different is what of it differs; stored
is what the destination holds, compressed and sealed, with everything that belongs to it.

Examples:
  $ holdfast stats /mnt/disk/backup --key-file my.key`

/** Adds `holdfast stats`. */
export function addStats(program: Command): void {
  const command = program
    .command('stats')
    .summary('say what a backup holds and takes')
    .description('Say how much the snapshots at DEST hold, and how much they take there.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
  withOpening(command)
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, options: OpeningChoice) => stats(dest, options))
}

async function stats(dest: string, options: OpeningChoice): Promise<void> {
  const { id, epoch, isProtected, found, warnings } = await withRepository(
    dest,
    options,
    async ({ repository, signal }) => {
      const { id, epoch, isProtected } = repository
      const found = await repository.stats({ signal })
      return { id, epoch, isProtected, found, warnings: noticed(repository, found.warnings) }
    },
  )
  const { snapshots, packs, objects, storedBytes, blocks, blockBytes, contentBytes } = found
  if (options.json === true) {
    const held = { snapshots, packs, objects, storedBytes, blocks, blockBytes, contentBytes }
    const about = { destination: dest, id, epoch, protected: isProtected }
    resultAsJson({ command: 'stats', ...about, ...held, warnings: warnings.map(noticedData) })
    return
  }
  for (const { message } of warnings) warn(printable(message))
  result(
    [
      `${printable(dest)}: ${isProtected ? 'encrypted' : 'not encrypted'}`,
      `  snapshots  ${count(snapshots)}`,
      `  content    ${size(contentBytes)}`,
      `  different  ${size(blockBytes)} in ${count(blocks)} blocks`,
      `  stored     ${size(storedBytes)} in ${count(objects)} objects, of which ${count(packs)} packs`,
    ].join('\n'),
  )
}
