import { type Command, InvalidArgumentError, Option } from 'commander'
import type { AgeRecipient } from '../index.ts'
import type { CredentialSource } from './credentials.ts'

/** Options of every command that makes a file. */
export interface PublishChoice {
  readonly output?: string
  readonly force?: true
  readonly sync: boolean
}

/** Options of every command. */
export interface OutputChoice {
  readonly json?: true
}

/** Where this machine keeps what it knows of repositories. */
export interface StateChoice {
  readonly stateDir?: string
}

/** Options of every command that opens a repository. */
export interface OpeningChoice extends CredentialSource, StateChoice, OutputChoice {
  readonly acceptRollback?: true
}

/** `command` with the ways to give a password. */
export function withPassword(command: Command): Command {
  return command
    .option('--password-file <file>', 'the password is the content of this file, without its last line ending')
    .addOption(
      new Option('--password-fd <number>', 'the password comes from this open descriptor').argParser(descriptor),
    )
    .option('--password-command <command>', 'the password is what this shell command prints')
}

/** `command` with the choice of what a password costs. */
export function withCost(command: Command): Command {
  const option = new Option('--cost <cost>', 'memory for one guess of the password: 256 MiB, 64 MiB or 1 GiB')
  return command.addOption(option.choices(['default', 'interactive', 'paranoid']))
}

/** `command` with the file of a 64-digit key. */
export function withKeyFile(command: Command): Command {
  return command.option(
    '--key-file <file>',
    'the 64-digit key in this file: digits, AGE-SECRET-KEY-PQ-1…, or a key sealed under a password',
  )
}

/** `command` with the place of this machine's state. */
export function withState(command: Command): Command {
  return command.option(
    '--state-dir <folder>',
    'where this machine keeps its caches and what it has seen of backups (default: the place of the system)',
  )
}

/** `command` with everything that opens a repository. */
export function withOpening(command: Command): Command {
  for (const extend of [withKeyFile, withPassword, withState]) extend(command)
  return command.option(
    '--accept-rollback',
    'go on although the destination shows an older state than was seen here; look at it first',
  )
}

/** `command` with the choice of a snapshot. */
export function withSnapshot(command: Command, described: string): Command {
  return command.option('--snapshot <id>', described)
}

/** `command` with the choice of JSON for many things: each is a line. */
export function withJsonLines(command: Command): Command {
  return command.option('--json', 'print a line of JSON for each, and {"v":1,"ok":…} as the last line')
}

/** `command` with further recipients. */
export function withRecipients(command: Command): Command {
  const option = new Option('--recipient <age1…>', 'also for this age recipient; can be repeated')
  return command.addOption(option.argParser(recipient))
}

/** `command` with files of age identities. */
export function withIdentities(command: Command): Command {
  const option = new Option('--identity-file <file>', 'age identities, one a line; can be repeated')
  return command.addOption(option.argParser(append))
}

/** `command` with the options of what it makes. */
export function withTarget(command: Command, defaultName: string): Command {
  return command
    .option('-o, --output <file>', `the file to make; - is standard output (default: ${defaultName})`)
    .option('--force', 'replace a file that exists, in one step and only by a complete one')
    .option('--no-sync', 'do not wait until the disk has it; a power cut can then lose the new file')
}

/** `command` with the choice of JSON. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one line of JSON, {"v":1,"ok":…}, instead of words')
}

/** The values of an option that can be repeated. */
export function append(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

function descriptor(text: string): number {
  const number = Number(text)
  if (/^\d{1,6}$/.test(text)) return number
  throw new InvalidArgumentError('It must be the number of an open descriptor, such as 3.')
}

function recipient(text: string, before: readonly AgeRecipient[] = []): readonly AgeRecipient[] {
  if (isRecipient(text)) return [...before, text]
  throw new InvalidArgumentError('It must begin with age1.')
}

function isRecipient(text: string): text is AgeRecipient {
  return text.startsWith('age1')
}
