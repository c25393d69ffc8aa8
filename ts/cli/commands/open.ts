import type { Command } from 'commander'
import { openFile, standardInput, standardOutput } from '../../index.ts'
import { type IdentitySource, identities } from '../credentials.ts'
import { interruptible } from '../interrupt.ts'
import {
  type OutputChoice,
  type PublishChoice,
  withIdentities,
  withJson,
  withKeyFile,
  withPassword,
  withTarget,
} from '../options.ts'
import { withBar } from '../progress-bar.ts'
import { between, CommandLineError } from '../report.ts'
import { amount, checkPlaces, summary } from '../target.ts'
import { resultAsJson } from '../terminal.ts'
import { named } from '../words.ts'

const EXAMPLES = `
Without an option that gives a key or a password, you are asked at the terminal.
FILE is there only when all of it has been verified. With -o - each piece is verified before it
is printed, but only exit code 0 says that nothing is missing at the end.

Examples:
  $ holdfast open a.mov.age                               asks, makes a.mov
  $ holdfast open a.mov.age -o /tmp/a.mov --key-file my.key
  $ holdfast open photos.tar.age -o - --key-file my.key | tar x
  $ holdfast open from-age.age -o it --identity-file ~/.config/age/keys.txt

Files made by age open too: for its identities, and with its passwords.
Without holdfast: age -d -i my.key a.mov.age > a.mov      age 1.3 or newer, for a 64-digit key`

type Options = IdentitySource & PublishChoice & OutputChoice

/** Adds `holdfast open`. */
export function addOpen(program: Command): void {
  const command = program
    .command('open')
    .summary('open a sealed file')
    .description('Open the sealed FILE into a new file that only you can read. FILE stays as it is.')
    .argument('<file>', 'the sealed file; - is standard input')
  for (const extend of [withKeyFile, withPassword, withIdentities]) extend(command)
  withJson(withTarget(command, 'FILE without .age'))
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: Options) => open(file, options))
}

async function open(file: string, options: Options): Promise<void> {
  const json = options.json === true
  const target = options.output ?? plainName(file)
  checkPlaces(file, target, options)
  using given = await identities(options, file)
  const [source, into] = [named(file, 'standard input'), named(target, 'standard output')]
  const begun = performance.now()
  const opened = await interruptible((signal) =>
    withBar('opening', json, (onProgress) =>
      between(file, target, () =>
        openFile(file === '-' ? standardInput : file, target === '-' ? standardOutput : target, {
          with: given.all,
          overwrite: options.force === true,
          sync: options.sync,
          signal,
          onProgress,
        }),
      ),
    ),
  )
  if (json) resultAsJson({ command: 'open', source: file, target, ...opened, synced: options.sync })
  else summary(target, `opened ${source} into ${into}: ${amount(opened.bytes, begun)}`, options.sync)
}

function plainName(file: string): string {
  const name = /^(.*[^/\\])\.age$/s.exec(file)?.[1]
  if (name !== undefined) return name
  const what = file === '-' ? 'standard input' : file
  throw new CommandLineError(`${what} does not end in .age, so the new file has no name`, 'Say -o FILE, or -o -.')
}
