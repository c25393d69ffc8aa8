import type { Command } from 'commander'
import type { Cost } from '../../index.ts'
import { generateKey, parseKey, type RecoveryKey, sealKey } from '../../index.ts'
import { checkStandardInput, type PasswordSource, passwordOf } from '../credentials.ts'
import { interruptible } from '../interrupt.ts'
import { createPrivateFile, keyFileText, readKey, readKeyText } from '../key-file.ts'
import { type OutputChoice, withCost, withJson, withPassword } from '../options.ts'
import { askKeyText, askNewPassword, askPassword } from '../prompt.ts'
import { about, CommandLineError } from '../report.ts'
import { refuseExisting } from '../target.ts'
import { isTerminal, note, result, resultAsJson } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ holdfast key new --out my.key            makes a key; the file is readable by you alone
  $ holdfast key show my.key                 its 64 digits and the check group, for paper
  $ holdfast key check                       type the digits from the paper: are they right?
  $ holdfast key show my.key --recipient     the public recipient: others can seal for you with it

There is no way to get a lost key back. Whoever has the key opens what was sealed for it.
The file is an age identity file, too: age -d -i my.key FILE.age > FILE    age 1.3 or newer`

const NEW_EXAMPLES = `
Examples:
  $ holdfast key new                              prints a key and keeps it nowhere
  $ holdfast key new --out my.key                 in clear, readable by you alone
  $ holdfast key new --out my.key.age --protect   sealed under a password, which you are asked for
  $ holdfast seal a.mov --key-file my.key`

const SHOW_EXAMPLES = `
Examples:
  $ holdfast key show my.key                      4 rows of 4 groups, and the check group
  $ holdfast key show my.key --age                the age identity, AGE-SECRET-KEY-PQ-1…
  $ holdfast key show my.key --recipient          the public recipient, age1pq1…`

const CHECK_EXAMPLES = `
The check group is the 4 digits after the 64. Without it a typing error cannot be noticed.

Examples:
  $ holdfast key check                            asks at the terminal; nothing is shown
  $ holdfast key check typed.txt
  $ pbpaste | holdfast key check`

type NewOptions = PasswordSource & OutputChoice & { out?: string; protect?: true; cost?: Cost }
type ShowOptions = PasswordSource & OutputChoice & { age?: true; recipient?: true }

/** Adds `holdfast key` with its three commands. */
export function addKey(program: Command): void {
  const key = program
    .command('key')
    .summary('make, show and check 64-digit keys')
    .description('Make, show and check 64-digit keys.')
    .addHelpText('after', EXAMPLES)
  const create = key
    .command('new')
    .description('Make a new 64-digit key, and print it or write it to a new file.')
    .option('--out <file>', 'the file to make, with mode 0600; never replaced')
    .option('--protect', 'seal the key in the file under a password')
  for (const extend of [withPassword, withCost, withJson]) extend(create)
  create.addHelpText('after', NEW_EXAMPLES).action(newKey)
  const show = key
    .command('show')
    .description('Print the key in FILE.')
    .argument('<file>', 'a key file; - is standard input')
    .option('--age', 'print the age identity')
    .option('--recipient', 'print the public recipient')
  for (const extend of [withPassword, withJson]) extend(show)
  show.addHelpText('after', SHOW_EXAMPLES).action(showKey)
  const check = key
    .command('check')
    .description('Say whether the digits of a key, typed or in FILE, are right.')
    .argument('[file]', 'a file with the digits; - is standard input')
  withJson(check).addHelpText('after', CHECK_EXAMPLES).action(checkKey)
}

async function newKey(options: NewOptions): Promise<void> {
  const sealed = options.protect === true || givesPassword(options)
  if (sealed && options.out === undefined) {
    throw new CommandLineError('a key sealed under a password needs a file', 'Say --out FILE.')
  }
  if (options.cost !== undefined && !sealed) {
    throw new CommandLineError('--cost is for a password, and none is asked for', 'Say --protect as well.')
  }
  using key = generateKey()
  const { out } = options
  if (out === undefined) return print(key, 'key new', options)
  refuseExisting(out)
  createPrivateFile(out, sealed ? await protect(key, options) : keyFileText(key))
  if (options.json === true) {
    resultAsJson({ command: 'key new', path: out, recipient: key.recipient, protected: sealed })
    return
  }
  result(`a new key is in ${out}${sealed ? ', sealed under the password' : ', readable by you alone'}`)
  note(`Write it down too: holdfast key show ${out}`)
}

async function protect(key: RecoveryKey, options: NewOptions): Promise<Uint8Array> {
  using password = await passwordOf(options, '', () => askNewPassword(options.cost))
  return await interruptible((signal) => sealKey(key, password, { signal }))
}

async function showKey(file: string, options: ShowOptions): Promise<void> {
  if (options.age === true && options.recipient === true) {
    throw new CommandLineError('--age and --recipient are two different things to print', 'Keep one of them.')
  }
  checkStandardInput(options, file)
  using key = await readKey(file, () => passwordOf(options, file, () => askPassword(`Password of the key in ${file}`)))
  if (options.age === true) printOne('identity', key.identity(), options)
  else if (options.recipient === true) printOne('recipient', key.recipient, options)
  else print(key, 'key show', options)
}

async function checkKey(file: string | undefined, options: OutputChoice): Promise<void> {
  const path = file ?? (isTerminal('input') ? undefined : '-')
  const text = path === undefined ? await askKeyText() : readKeyText(path)
  using key = path === undefined ? parseKey(text) : await about(path, () => parseKey(text))
  const kind = /^\s*AGE-SECRET-KEY-/i.test(text) ? 'identity' : withoutGrouping(text) > 64 ? 'digits' : 'unchecked'
  if (options.json === true) {
    resultAsJson({ command: 'key check', checked: kind !== 'unchecked' })
  } else if (kind === 'unchecked') {
    result(`these are 64 digits; their check group is ${key.check}: compare it with your note`)
  } else {
    result(kind === 'digits' ? 'the 64 digits and the check group fit' : 'the age identity is whole')
  }
}

function withoutGrouping(text: string): number {
  return text.replace(/[\s-]/g, '').length
}

function givesPassword({ passwordFile, passwordFd, passwordCommand }: PasswordSource): boolean {
  return passwordFile !== undefined || passwordFd !== undefined || passwordCommand !== undefined
}

function print(key: RecoveryKey, command: 'key new' | 'key show', options: OutputChoice): void {
  if (options.json === true) {
    resultAsJson({ command, rows: key.format().split('\n'), checkGroup: key.check, recipient: key.recipient })
  } else {
    result(`${key.format()}\n\ncheck group: ${key.check}`)
  }
}

function printOne(name: 'identity' | 'recipient', value: string, options: OutputChoice): void {
  if (options.json === true) resultAsJson({ command: 'key show', [name]: value })
  else result(value)
}
