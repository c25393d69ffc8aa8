import type { Command } from 'commander'
import { standardInput, verifyFile } from '../../index.ts'
import { type IdentitySource, identities } from '../credentials.ts'
import { interruptible } from '../interrupt.ts'
import { type OutputChoice, withIdentities, withJson, withKeyFile, withPassword } from '../options.ts'
import { withBar } from '../progress-bar.ts'
import { between } from '../report.ts'
import { amount } from '../target.ts'
import { result, resultAsJson } from '../terminal.ts'
import { named } from '../words.ts'

const EXAMPLES = `
Every byte is read and its seal checked; nothing is written. Damage is named by its place, and the
exit code is 4 then.

Examples:
  $ holdfast verify a.mov.age --key-file my.key
  $ curl -s https://example.com/a.mov.age | holdfast verify - --key-file my.key`

type Options = IdentitySource & OutputChoice

/** Adds `holdfast verify`. */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .summary('check that a sealed file is whole and that you can open it')
    .description('Check that the sealed FILE is whole and unchanged, and that this credential opens it.')
    .argument('<file>', 'the sealed file; - is standard input')
  for (const extend of [withKeyFile, withPassword, withIdentities, withJson]) extend(command)
  command.addHelpText('after', EXAMPLES).action((file: string, options: Options) => verify(file, options))
}

async function verify(file: string, options: Options): Promise<void> {
  const json = options.json === true
  using given = await identities(options, file)
  const begun = performance.now()
  const found = await interruptible((signal) =>
    withBar('verifying', json, (onProgress) =>
      between(file, '', () => verifyFile(file === '-' ? standardInput : file, { with: given.all, signal, onProgress })),
    ),
  )
  if (json) resultAsJson({ command: 'verify', source: file, ...found })
  else result(`${named(file, 'standard input')} is whole and unchanged: ${amount(found.bytes, begun)}`)
}
