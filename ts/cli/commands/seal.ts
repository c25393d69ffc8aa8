import type { Command } from 'commander'
import { sealFile, standardInput, standardOutput } from '../../index.ts'
import { type RecipientSource, recipients } from '../credentials.ts'
import { interruptible } from '../interrupt.ts'
import {
  type OutputChoice,
  type PublishChoice,
  withCost,
  withJson,
  withKeyFile,
  withPassword,
  withRecipients,
  withTarget,
} from '../options.ts'
import { withBar } from '../progress-bar.ts'
import { between, CommandLineError } from '../report.ts'
import { amount, checkPlaces, summary } from '../target.ts'
import { isTerminal, resultAsJson, warn } from '../terminal.ts'
import { named } from '../words.ts'

const EXAMPLES = `
Without an option that gives a key or a password, you are asked at the terminal.

Examples:
  $ holdfast seal a.mov                                   asks for a password, makes a.mov.age
  $ holdfast seal a.mov --key-file my.key                 for the 64-digit key in my.key
  $ holdfast seal a.mov --key-file my.key --password-file pw.txt
                                                          either of the two opens it
  $ holdfast seal a.mov --recipient age1pq1…              for somebody else; you cannot open it
  $ tar c photos | holdfast seal - -o photos.tar.age --key-file my.key

The sealed file is an age file. What a 64-digit key sealed opens without holdfast:
  $ age -d -i my.key a.mov.age > a.mov                    age 1.3 or newer
A password can be guessed by whoever has the sealed file; a 64-digit key cannot.`

type Options = RecipientSource & PublishChoice & OutputChoice

/** Adds `holdfast seal`. */
export function addSeal(program: Command): void {
  const command = program
    .command('seal')
    .summary('seal a file, so that only the password or the key opens it')
    .description('Seal FILE, so that only the password or the 64-digit key opens it. FILE stays as it is.')
    .argument('<file>', 'the file to seal; - is standard input')
  for (const extend of [withKeyFile, withPassword, withRecipients, withCost]) extend(command)
  withJson(withTarget(command, 'FILE.age'))
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: Options) => seal(file, options))
}

async function seal(file: string, options: Options): Promise<void> {
  const json = options.json === true
  const target = options.output ?? sealedName(file)
  checkPlaces(file, target, options)
  if (target === '-' && isTerminal('output') && options.force !== true) {
    throw new CommandLineError('a sealed file is binary, and standard output is a terminal', 'Redirect it, or --force.')
  }
  using to = await recipients(options, file)
  const [source, into] = [named(file, 'standard input'), named(target, 'standard output')]
  const begun = performance.now()
  const made = await interruptible((signal) =>
    withBar('sealing', json, (onProgress) =>
      between(file, target, () =>
        sealFile(file === '-' ? standardInput : file, target === '-' ? standardOutput : target, {
          to: to.all,
          overwrite: options.force === true,
          sync: options.sync,
          signal,
          onProgress,
        }),
      ),
    ),
  )
  if (made.costLowered) warn('this process may take little memory: the password got the cost "interactive"')
  if (json) resultAsJson({ command: 'seal', source: file, target, ...made, synced: options.sync })
  else summary(target, `sealed ${source} into ${into}: ${amount(made.bytes, begun)}`, options.sync)
}

function sealedName(file: string): string {
  if (file !== '-') return `${file}.age`
  throw new CommandLineError('standard input has no name to make one from', 'Say -o FILE, or -o - for standard output.')
}
