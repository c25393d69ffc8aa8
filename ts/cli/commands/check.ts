import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CheckReport, HoldfastError } from '../../index.ts'
import { type OpeningChoice, withJson, withOpening } from '../options.ts'
import { printable } from '../printable.ts'
import { withBar } from '../progress-bar.ts'
import { Ended, EXIT, noticedData } from '../report.ts'
import { noticed, withRepository } from '../repository.ts'
import { colour, note, result, resultAsJson, warn } from '../terminal.ts'
import { counted, size } from '../words.ts'

const EXAMPLES = `
Every snapshot is checked for all it needs. With --read, content is read, too, and every byte of it
verified: all of it, or a share chosen at random, other packs each time. Damage is named by the
object that has it, and the exit code is 4 then. Nothing is repaired or removed.

Examples:
  $ holdfast check /mnt/disk/backup --key-file my.key            is everything there?
  $ holdfast check /mnt/disk/backup --key-file my.key --read 5%  and a twentieth of it whole?
  $ holdfast check /mnt/disk/backup --key-file my.key --read all and all of it?`

type Share = 'none' | 'all' | `${number}%`
type Options = OpeningChoice & { read: Share }

/** Adds `holdfast check`. */
export function addCheck(program: Command): void {
  const read = new Option('--read <share>', 'how much of the content to read: none, a share such as 5%, or all')
  const command = program
    .command('check')
    .summary('check that a backup is whole')
    .description('Check that everything that the snapshots at DEST need is there, and whole.')
    .argument('<dest>', 'a folder, or s3://bucket/prefix')
    .addOption(read.argParser(share).default('none'))
  withOpening(command)
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((dest: string, options: Options) => check(dest, options))
}

async function check(dest: string, options: Options): Promise<void> {
  const json = options.json === true
  const { report, warnings } = await withRepository(dest, options, async ({ repository, signal }) => {
    const report = await withBar('checking', json, (onProgress) =>
      repository.check({ read: options.read, signal, onProgress }),
    )
    return { report, warnings: noticed(repository) }
  })
  if (json) sayInJson(dest, report, warnings)
  else say(dest, report, warnings)
  if (!report.ok) throw new Ended(EXIT.damaged)
}

function say(dest: string, report: CheckReport, warnings: readonly HoldfastError[]): void {
  const { ok, snapshots, packs, bytes, problems } = report
  const known = new Set(problems.map(({ message }) => message))
  for (const { message } of warnings) if (!known.has(message)) warn(printable(message))
  const seen = `${counted(snapshots, 'whole snapshot')}; ${counted(packs, 'pack')} read, ${size(bytes)}`
  result(`${printable(dest)}: ${ok ? 'nothing is missing' : counted(problems.length, 'problem')}; ${seen}`)
  for (const { code, message } of problems) result(`  ${code}  ${printable(message)}`)
  if (ok) return
  note(`${colour('red', 'holdfast:')} ${printable(dest)}: the backup is damaged`)
  note(colour('dim', 'Move the objects that are named away, then back up again: what is missing is stored anew.'))
  note(colour('dim', 'holdfast restore --partial brings back what is whole.'))
}

/** With damage, `error` is the first of the problems, so that every line that is not ok has one. */
function sayInJson(dest: string, { problems, ...report }: CheckReport, warnings: readonly HoldfastError[]): void {
  const [first] = problems
  resultAsJson({
    ...report,
    ...(first !== undefined && { exitCode: EXIT.damaged, error: noticedData(first) }),
    command: 'check',
    destination: dest,
    problems: problems.map(noticedData),
    warnings: warnings.map(noticedData),
  })
}

function share(text: string): Share {
  if (text === 'none' || text === 'all') return text
  const percent = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text)?.[1]
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100) return `${Number(percent)}%`
  throw new InvalidArgumentError('It must be none, all, or a share such as 5%.')
}
