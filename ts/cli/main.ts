#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { version } from '../index.ts'
import { addInspect } from './commands/inspect.ts'
import { addKey } from './commands/key.ts'
import { addOpen } from './commands/open.ts'
import { addSeal } from './commands/seal.ts'
import { addVerify } from './commands/verify.ts'
import { CommandLineError, EXIT, failure } from './report.ts'
import { note, output } from './terminal.ts'

const HELP = `
Examples:
  $ holdfast key new --out my.key            a key of 64 digits; write it down, too
  $ holdfast seal a.mov --key-file my.key    makes a.mov.age
  $ holdfast open a.mov.age -o copy.mov --key-file my.key
  $ holdfast seal notes.txt                  asks for a password instead

Passwords and keys are never given as an argument or in the environment: other programs could
read them there. What a key sealed opens with age 1.3 or newer, too: age -d -i my.key a.mov.age

Exit codes: 0 done, 2 wrong call, 3 password or key, 4 damaged or not a sealed file,
  5 destination, 6 files, memory or platform, 70 a bug, 130 interrupted
Each command has more: holdfast seal --help`

const HELP_WIDTH = 100

/** The command line as commander knows it; nothing of it reads or writes a stream of the process. */
function commandLine(): Command {
  const program = new Command('holdfast')
    .description('Seal files with a password or a 64-digit key, and open them again.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({
      writeOut: output,
      writeErr: (text) => note(text.trimEnd()),
      outputError: () => {},
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
  for (const add of [addKey, addSeal, addOpen, addVerify, addInspect]) add(program)
  return program
}

/** The exit code of `holdfast ARGUMENTS`. */
async function run(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  try {
    await commandLine().parseAsync(args, { from: 'user' })
    return EXIT.done
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return failure(thrown, json)
    if (thrown.exitCode === 0) return EXIT.done
    return thrown.code === 'commander.help' ? EXIT.usage : failure(wrongCall(thrown, args), json)
  }
}

/** What commander says, without the argument itself: it may be a secret in the wrong place. */
function wrongCall({ message }: CommanderError, args: readonly string[]): CommandLineError {
  const said = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/ argument '.*?' is invalid\./s, ' has a value that is invalid.')
    .replace(/(unknown option '[^'=]*)=.*'/s, "$1'")
  if (/unknown option '--?(p|pass\w*|key|secret)\b/.test(said)) {
    return new CommandLineError(said, 'A secret in an argument could be read by other programs: use --password-file.')
  }
  const named = args[0] !== undefined && /^(key|seal|open|verify|inspect)$/.test(args[0]) ? `${args[0]} ` : ''
  return new CommandLineError(said, `See holdfast ${named}--help.`)
}

// The lowered cost is said in words of the command line.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (!('code' in warning) || warning.code !== 'HOLDFAST_COST_LOWERED') note(`${warning.name}: ${warning.message}`)
})

process.exitCode = await run(process.argv.slice(2)).catch((thrown: unknown) => failure(thrown, false))
