import type { Command } from 'commander'
import { type CopyResult, copyRepository } from '../../index.ts'
import { interruptible } from '../interrupt.ts'
import { type OutputChoice, withJson } from '../options.ts'
import { placeAt } from '../place.ts'
import { printable } from '../printable.ts'
import { withBar } from '../progress-bar.ts'
import { about, CommandLineError, Ended, EXIT, noticedData } from '../report.ts'
import { amount } from '../target.ts'
import { colour, note, result, resultAsJson } from '../terminal.ts'
import { count, counted } from '../words.ts'

const EXAMPLES = `
No password and no key is needed: objects are copied as they are, and each one is checked against
its name on the way. Run again, it copies only what is new. The same password or key opens the copy.

Examples:
  $ holdfast copy /mnt/disk/backup /mnt/other/backup
  $ holdfast copy /mnt/disk/backup "s3://my-bucket/laptop?endpoint=https://s3.example.com"`

/** Adds `holdfast copy`. */
export function addCopy(program: Command): void {
  const command = program
    .command('copy')
    .summary('copy a backup to another destination')
    .description('Copy the backup at FROM to TO, where there is nothing or an earlier copy of it.')
    .argument('<from>', 'a folder, or s3://bucket/prefix')
    .argument('<to>', 'another')
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((from: string, to: string, options: OutputChoice) => copy(from, to, options))
}

async function copy(from: string, to: string, options: OutputChoice): Promise<void> {
  const json = options.json === true
  if (from === to) throw new CommandLineError('both destinations are the same', 'Name another one.')
  const [source, target] = [await placeAt(from), await placeAt(to)]
  const begun = performance.now()
  const copied = await interruptible((signal) =>
    withBar('copying', json, (onProgress) =>
      about(from, () => copyRepository(source.store, target.store, { signal, onProgress })),
    ),
  )
  if (json) sayInJson(from, to, copied)
  else say(from, to, copied, begun)
  if (copied.problems.length > 0) throw new Ended(EXIT.damaged)
}

function say(from: string, to: string, { objects, bytes, skipped, problems }: CopyResult, begun: number): void {
  const there = skipped > 0 ? `; ${count(skipped)} there already` : ''
  const what = `${counted(objects, 'object')} from ${printable(from)} to ${printable(to)}`
  result(`copied ${what}: ${amount(bytes, begun)}${there}`)
  for (const { code, message } of problems) note(`holdfast: not copied: ${code}  ${printable(message)}`)
  if (problems.length === 0) return
  note(`${colour('red', 'holdfast:')} ${printable(from)}: the backup is damaged`)
  note(colour('dim', 'What is whole was copied. See what that means: holdfast check FROM --read all.'))
}

/** With damage, `error` is the first of the problems, so that every line that is not ok has one. */
function sayInJson(from: string, to: string, { objects, bytes, skipped, problems }: CopyResult): void {
  const [first] = problems
  resultAsJson({
    ...(first !== undefined && { ok: false, exitCode: EXIT.damaged, error: noticedData(first) }),
    command: 'copy',
    from,
    to,
    objects,
    bytes,
    skipped,
    problems: problems.map(noticedData),
  })
}
