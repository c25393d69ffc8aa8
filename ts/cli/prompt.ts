import { openSync } from 'node:fs'
import { ReadStream, WriteStream } from 'node:tty'
import {
  type Cost,
  type Credential,
  type CredentialKind,
  type Password,
  parseKey,
  password,
  type RecoveryKey,
} from '../index.ts'
import { Interrupted } from './interrupt.ts'
import { CommandLineError } from './report.ts'

type Clack = typeof import('@clack/prompts')
interface Terminal {
  readonly clack: Clack
  readonly io: { readonly input: ReadStream; readonly output: WriteStream; readonly withGuide: false }
}

/** Digits in one row of a key, as it is shown. */
const ROW_DIGITS = 16
const FALLBACK_SIZE = { columns: 80, rows: 24 }

/** The password of something that exists, typed unseen. */
export function askPassword(question: string): Promise<Password> {
  return atTerminal(async (terminal) => password(await hidden(terminal, question, problemOfPassword)))
}

/** A password for something new: typed twice, its strength said in words. */
export function askNewPassword(cost: Cost | undefined): Promise<Password> {
  return atTerminal(async (terminal) => newPassword(terminal, cost, await firstTyping(terminal)))
}

/** What to seal or to protect with: a new password, or a key that the person has. */
export function askNewCredential(
  cost: Cost | undefined,
  question: 'Seal with' | 'Protect with' = 'Seal with',
): Promise<Credential> {
  return atTerminal(async (terminal) => {
    if ((await kind(terminal, question)) === 'key') return typedKey(terminal)
    const typed = await firstTyping(terminal)
    const parsed = parseKey.safe(typed)
    const instead = question === 'Seal with' ? 'Seal for the key?' : 'Protect with the key?'
    if (parsed.ok && (await agreed(terminal, `That is a 64-digit key. ${instead}`, true))) return parsed.key
    return newPassword(terminal, cost, typed)
  })
}

/** A 64-digit key, typed or pasted unseen, in one line or in rows. */
export function askKey(): Promise<RecoveryKey> {
  return atTerminal(typedKey)
}

/** What was typed as a 64-digit key, right or wrong. */
export function askKeyText(): Promise<string> {
  return atTerminal((terminal) => hidden(terminal, 'The 64 digits, and the check group', incompleteRows))
}

/** Which of the two kinds of credential the person wants to give. */
export function askKind(question: string): Promise<CredentialKind> {
  return atTerminal((terminal) => kind(terminal, question))
}

async function kind({ clack, io }: Terminal, message: string): Promise<CredentialKind> {
  const options = [
    { value: 'password' as const, label: 'a password' },
    { value: 'key' as const, label: 'a 64-digit key' },
  ]
  return answer(await clack.select<CredentialKind>({ ...io, message, options }))
}

async function typedKey(terminal: Terminal): Promise<RecoveryKey> {
  return parseKey(await hidden(terminal, '64-digit key', problemOfKey))
}

function firstTyping(terminal: Terminal): Promise<string> {
  return hidden(terminal, 'A new password', problemOfNewPassword)
}

async function newPassword(terminal: Terminal, cost: Cost | undefined, first: string): Promise<Password> {
  const { strength } = await import('./strength.ts')
  for (let typed = first; ; typed = await firstTyping(terminal)) {
    const { words, weak } = strength(typed)
    terminal.clack.log.info(`This password is ${words}`, terminal.io)
    if (weak && !(await agreed(terminal, 'Take it all the same?', false))) continue
    const again = await hidden(terminal, 'The same password again')
    if (again === typed) return password(typed, { cost })
    terminal.clack.log.warn('The two differ; please start again.', terminal.io)
  }
}

/** What is wrong with `text` as a key, without repeating it; undefined when it is one. */
function problemOfKey(text = ''): string | undefined {
  const rows = incompleteRows(text)
  if (rows !== undefined) return rows
  const parsed = parseKey.safe(text)
  if (!parsed.ok) return parsed.code === 'KEY_CHARACTER' ? `Group ${parsed.details.group}: ${parsed.hint}` : parsed.hint
  parsed.key.close()
  return undefined
}

/** Asks for more after one, two or three rows of a key: Enter, or a pasted line feed, does not end it there. */
function incompleteRows(text = ''): string | undefined {
  const digits = text.replace(/[\s-]/g, '').length
  if (digits === 0 || digits >= 4 * ROW_DIGITS || digits % ROW_DIGITS !== 0) return undefined
  return `Row ${digits / ROW_DIGITS} of 4 is there; go on with the next.`
}

function problemOfPassword(text = ''): string | undefined {
  return problem(() => password(text).close())
}

function problemOfNewPassword(text = ''): string | undefined {
  return problem(() => {
    using candidate = password(text)
    candidate.checkNew()
  })
}

function problem(check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'This cannot be used.'
  }
}

async function hidden(
  { clack, io }: Terminal,
  message: string,
  validate: (text: string | undefined) => string | undefined = () => undefined,
): Promise<string> {
  return answer(await clack.password({ ...io, message, validate }))
}

async function agreed({ clack, io }: Terminal, message: string, initialValue: boolean): Promise<boolean> {
  return answer(await clack.confirm({ ...io, message, initialValue }))
}

function answer<T>(given: T): Exclude<T, symbol> {
  if (typeof given === 'symbol') throw new Interrupted()
  return given as Exclude<T, symbol>
}

/**
 * Asks at the terminal itself, whatever the standard streams are: those carry data.
 *
 * While it does, `process.stdin` and `process.stdout` are the terminal: the prompt library would otherwise create the
 * real ones, and that makes a pipe non-blocking for the addon, too.
 */
async function atTerminal<T>(ask: (terminal: Terminal) => Promise<T>): Promise<T> {
  const [input, output] = openTerminal()
  const before = [replace('stdin', input), replace('stdout', output)]
  try {
    const clack = await import('@clack/prompts')
    return await ask({ clack, io: { input, output, withGuide: false } })
  } finally {
    for (const restore of before) restore()
    input.destroy()
    output.destroy()
  }
}

function openTerminal(): [ReadStream, WriteStream] {
  const [from, to] = process.platform === 'win32' ? ['CONIN$', 'CONOUT$'] : ['/dev/tty', '/dev/tty']
  try {
    const output = new WriteStream(openSync(to, 'r+'))
    // A terminal without a size, as in some containers, would get one character on each line.
    if (output.columns === 0) Object.assign(output, FALLBACK_SIZE)
    return [new ReadStream(openSync(from, 'r+')), output]
  } catch {
    throw new CommandLineError(
      'a password or a key is needed, and there is no terminal to ask at',
      'Give it with --key-file F, --password-file F, --password-fd N or --password-command C.',
    )
  }
}

function replace(name: 'stdin' | 'stdout', stream: ReadStream | WriteStream): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(process, name) ?? {}
  Object.defineProperty(process, name, { value: stream, configurable: true, enumerable: true })
  return () => Object.defineProperty(process, name, descriptor)
}
