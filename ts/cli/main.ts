#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { version } from '../index.ts'
import { addBackup } from './commands/backup.ts'
import { addCheck } from './commands/check.ts'
import { addCopy } from './commands/copy.ts'
import { addDiff } from './commands/diff.ts'
import { addFind } from './commands/find.ts'
import { addInit } from './commands/init.ts'
import { addInspect } from './commands/inspect.ts'
import { addKey } from './commands/key.ts'
import { addLs } from './commands/ls.ts'
import { addOpen } from './commands/open.ts'
import { addRestore } from './commands/restore.ts'
import { addSeal } from './commands/seal.ts'
import { addSnapshots } from './commands/snapshots.ts'
import { addStats } from './commands/stats.ts'
import { addVerify } from './commands/verify.ts'
import { CommandLineError, EXIT, failure } from './report.ts'
import { note, output } from './terminal.ts'

const HELP = `
Examples:
  $ holdfast key new --out my.key                 a key of 64 digits; write it down, too
  $ holdfast init /mnt/disk/backup --key-file my.key
  $ holdfast backup ~/Pictures --to /mnt/disk/backup --key-file my.key
  $ holdfast snapshots /mnt/disk/backup --key-file my.key
  $ holdfast restore /mnt/disk/backup Pictures/2026 --target restored --key-file my.key
  $ holdfast check /mnt/disk/backup --read 5% --key-file my.key
  $ holdfast seal a.mov --key-file my.key         a single file: makes a.mov.age
  $ holdfast open a.mov.age -o copy.mov           without an option you are asked for a password

Passwords and keys are never given as an argument or in the environment: other programs could
read them there. What a key sealed opens with age 1.3 or newer, too: age -d -i my.key a.mov.age

Exit codes: 0 done, 2 wrong call, 3 password or key, 4 damaged or not one of ours, 5 destination,
  6 files, memory or platform, 7 done, but not everything could be read, 70 a bug, 130 interrupted
Each command has more: holdfast backup --help`

const HELP_WIDTH = 100

const GROUPS = [
  { heading: 'Backups:', add: [addInit, addBackup, addSnapshots, addLs, addFind, addDiff, addRestore] },
  { heading: 'Care of backups:', add: [addCheck, addStats, addCopy] },
  { heading: 'Single files:', add: [addSeal, addOpen, addVerify, addInspect] },
  { heading: 'Keys and help:', add: [addKey] },
]

/** The command line as commander knows it; nothing of it reads or writes a stream of the process. */
function commandLine(): Command {
  const program = new Command('holdfast')
    .description('End-to-end encrypted backups of files and databases, and single sealed files.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ subcommandTerm: withArguments })
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
  for (const { heading, add } of GROUPS) {
    program.commandsGroup(heading)
    for (const one of add) one(program)
  }
  return program.helpCommand('help [command]', 'print the help of a command')
}

/** A command as the list of commands shows it; that there are options is said by its own help. */
function withArguments(command: Command): string {
  return `${command.name()} ${command.usage().replace(/^\[options\] ?/, '')}`.trimEnd()
}

/** The exit code of `holdfast ARGUMENTS`. */
async function run(args: readonly string[]): Promise<number> {
  const json = args.includes('--json')
  const program = commandLine()
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT.done
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return failure(thrown, json)
    if (thrown.exitCode === 0) return EXIT.done
    return thrown.code === 'commander.help' ? EXIT.usage : failure(wrongCall(thrown, args, program), json)
  }
}

/** What commander says, without the argument itself: it may be a secret in the wrong place. */
function wrongCall({ message }: CommanderError, args: readonly string[], { commands }: Command): CommandLineError {
  const said = message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/ argument '.*?' is invalid\./s, ' has a value that is invalid.')
    .replace(/(unknown option '[^'=]*)=.*'/s, "$1'")
  if (/unknown option '--?(p|pass\w*|key|secret)\b/.test(said)) {
    return new CommandLineError(said, 'A secret in an argument could be read by other programs: use --password-file.')
  }
  const command = commands.find((one) => one.name() === args[0])
  return new CommandLineError(said, `See holdfast ${command === undefined ? '' : `${command.name()} `}--help.`)
}

// The lowered cost is said in words of the command line.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (!('code' in warning) || warning.code !== 'HOLDFAST_COST_LOWERED') note(`${warning.name}: ${warning.message}`)
})

process.exitCode = await run(process.argv.slice(2)).catch((thrown: unknown) => failure(thrown, false))
