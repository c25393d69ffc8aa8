import type { Command } from 'commander'
import { inspect, type SealedInfo, type StanzaInfo, standardInput } from '../../index.ts'
import { interruptible } from '../interrupt.ts'
import { type OutputChoice, withJson } from '../options.ts'
import { between } from '../report.ts'
import { result, resultAsJson } from '../terminal.ts'
import { named, size } from '../words.ts'

const EXAMPLES = `
What it says is what the file says about itself: only opening or verifying proves it.

Examples:
  $ holdfast inspect a.mov.age
  $ holdfast inspect a.mov.age --json`

const KIB_PER_MIB = 1024
const RESISTS = 'resists quantum computers, as far as is known'

/** Adds `holdfast inspect`. */
export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .summary('say what opens a sealed file, without opening it')
    .description('Say what opens the sealed FILE, what a password costs and how long the content is.')
    .argument('<file>', 'the sealed file; - is standard input')
  withJson(command)
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: OutputChoice) => show(file, options))
}

async function show(file: string, options: OutputChoice): Promise<void> {
  const info = await interruptible((signal) =>
    between(file, '', () => inspect(file === '-' ? standardInput : file, { signal })),
  )
  if (options.json === true) {
    resultAsJson({ command: 'inspect', source: file, info })
    return
  }
  result([...lines(file, info)].join('\n'))
}

function* lines(file: string, info: SealedInfo): Generator<string> {
  yield `${named(file, 'standard input')}: age file, version ${info.version}${info.armored ? ', ASCII armor' : ''}`
  for (const stanza of info.stanzas) yield `  opens with   ${way(stanza)}`
  yield `  quantum      ${info.postquantum ? RESISTS : 'a quantum computer could open it'}`
  if (info.bytes !== null) yield `  content      ${exact(info.bytes)}`
  if (info.sealedBytes !== null)
    yield `  sealed file  ${exact(info.sealedBytes)}, of which the header ${exact(info.headerBytes)}`
}

function way({ kind, tag, memoryKib = 0, passes, lanes, logN }: StanzaInfo): string {
  switch (kind) {
    case 'argon2id':
      return `a password (Argon2id, ${memoryKib / KIB_PER_MIB} MiB, ${passes} passes, ${lanes} lanes)`
    case 'mlkem768x25519':
      return 'a 64-digit key, or a post-quantum age identity'
    case 'x25519':
      return 'an age identity (X25519)'
    case 'scrypt':
      return `an age password (scrypt, work factor ${logN})`
    default:
      return `something that this version does not know: ${JSON.stringify(tag)}`
  }
}

function exact(bytes: number): string {
  return bytes < 1000 ? size(bytes) : `${bytes} bytes (${size(bytes)})`
}
