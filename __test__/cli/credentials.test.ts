import { chmodSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateKey, parseKey, password, sealFile } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { done, holdfast, jsonOf, refusedBy } from './command.ts'

const PASSWORD = 'correct horse'
const KEY = parseKey('00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210')
const X25519 = {
  recipient: 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj',
  identity: 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
} as const
const folder = testFolder()

function secret(content: string): string {
  const path = folder.file(content)
  chmodSync(path, 0o600)
  return path
}

async function sealedFor(to: Parameters<typeof sealFile>[2]['to']): Promise<string> {
  const target = folder.fresh()
  await sealFile(folder.file('content'), target, { to })
  return target
}

const underPassword = () => sealedFor(password(PASSWORD, { cost: 'interactive' }))

describe('a password', () => {
  it.each([
    ['a line feed', `${PASSWORD}\n`],
    ['a carriage return and a line feed', `${PASSWORD}\r\n`],
    ['no line ending', PASSWORD],
  ])('comes from a file with %s', async (_, text) => {
    await done(['verify', await underPassword(), '--password-file', secret(text)])
  })

  it('row 4: keeps everything but one final line ending', async () => {
    const target = await underPassword()
    for (const text of [`${PASSWORD} \n`, ` ${PASSWORD}\n`]) {
      await refusedBy(folder, ['verify', target, '--password-file', secret(text)], 3, 'does not open this file')
    }
    const ran = await holdfast(['verify', target, '--password-file', secret(`${PASSWORD}\n\n`), '--json'])
    expect(jsonOf(ran)).toMatchObject({ error: { code: 'PASSWORD_CHARACTER', details: { position: 14 } } })
  })

  it('comes from an open descriptor, and from standard input', async () => {
    const target = await underPassword()
    await done(['verify', target, '--password-fd', '3'], { open: [secret(`${PASSWORD}\n`)] })
    await done(['verify', target, '--password-fd', '0'], { input: `${PASSWORD}\n` })
    await done(['verify', target, '--password-file', '-'], { input: PASSWORD })
    await refusedBy(folder, ['verify', target, '--password-fd', '99'], 6, 'not open for reading')
  })

  it('comes from a command, which gets standard input only when nothing else needs it', async () => {
    const target = await underPassword()
    await done(['verify', target, '--password-command', `echo '${PASSWORD}'`])
    await done(['verify', target, '--password-command', 'cat'], { input: PASSWORD })
    const ran = await done(['verify', '-', '--password-command', `cat; printf '${PASSWORD}'`], {
      input: readFileSync(target),
    })
    expect(ran.stdout).toContain('standard input is whole')
  })

  it.each([
    ['fails', 'echo hunter22; exit 3', 'exit code 3'],
    ['prints nothing', 'true', 'the password has 0 characters'],
  ])('from a command that %s is not used', async (_, command, said) => {
    const target = await underPassword()
    const ran = await holdfast(['verify', target, '--password-command', command])
    expect(ran.code).toBeGreaterThan(0)
    expect(ran.stderr).toContain(said)
    expect(ran.stdout + ran.stderr).not.toContain('hunter22')
  })

  it('row 3: of 7 characters seals nothing', async () => {
    const args = ['seal', folder.file('x'), '-o', folder.fresh(), '--password-file', secret('1234567')]
    await refusedBy(folder, args, 3, 'the password has 7 characters; 8 to 1024 are possible')
  })

  it('gets the cost that is asked for', async () => {
    const target = folder.fresh()
    const args = ['seal', folder.file('x'), '-o', target, '--password-file', secret(PASSWORD), '--cost', 'interactive']
    await done(args)
    expect((await done(['inspect', target])).stdout).toContain('64 MiB')
  })

  it('row 10: that is a key in truth is named as one', async () => {
    const target = await sealedFor([KEY, password(PASSWORD, { cost: 'interactive' })])
    const digits = secret(KEY.format().replaceAll(/\s/g, ''))
    const ran = await refusedBy(folder, ['verify', target, '--password-file', digits], 3, 'looks like a 64-digit key')
    expect(ran.stderr).toContain('--key-file')
    expect(ran.stderr).not.toContain('0011')
  })

  it('row 3: of 10 MB is refused', async () => {
    const huge = secret('x'.repeat(10_000_000))
    await refusedBy(folder, ['verify', await underPassword(), '--password-file', huge], 2, 'too long')
  })
})

describe('a key', () => {
  it('that is sealed under a password opens files', async () => {
    const [kept, pw] = [folder.fresh(), secret(PASSWORD)]
    const made = await done(['key', 'new', '--out', kept, '--password-file', pw, '--cost', 'interactive', '--json'])
    const target = await sealedFor(jsonOf(made)['recipient'] as 'age1')
    await done(['verify', target, '--key-file', kept, '--password-file', pw])
    await refusedBy(
      folder,
      ['verify', target, '--key-file', kept, '--password-file', secret('battery staple')],
      3,
      `${kept}: the password does not open this file`,
    )
  })

  it('beside a password: either opens what both sealed', async () => {
    const [target, pw, key] = [folder.fresh(), secret(PASSWORD), secret(KEY.identity())]
    const both = ['--key-file', key, '--password-file', pw]
    await done(['seal', folder.file('x'), '-o', target, ...both, '--cost', 'interactive'])
    await done(['verify', target, '--key-file', key])
    await done(['verify', target, '--password-file', pw])
    await done(['verify', target, '--key-file', secret(generateKey().identity()), '--password-file', pw])
  })

  it('row 11: of equal digits is refused for sealing only', async () => {
    const weak = secret('7'.repeat(64))
    await refusedBy(folder, ['seal', folder.file('x'), '-o', folder.fresh(), '--key-file', weak], 3, 'are equal')
    await refusedBy(folder, ['verify', await sealedFor(KEY), '--key-file', weak], 3, 'does not open')
  })

  it('where only a password opens is told what to use', async () => {
    const args = ['verify', await underPassword(), '--key-file', secret(KEY.identity())]
    const ran = await refusedBy(folder, args, 3, 'Use its password')
    expect(ran.stderr).toContain('--password-file')
  })
})

describe('age', () => {
  it('recipients are sealed for, several at a time', async () => {
    const [first, second, target] = [generateKey(), generateKey(), folder.fresh()]
    const to = [first, second].flatMap(({ recipient }) => ['--recipient', recipient])
    await done(['seal', folder.file('x'), '-o', target, ...to])
    for (const key of [first, second]) await done(['verify', target, '--key-file', secret(key.identity())])
  })

  it('identities open, the right one last', async () => {
    const target = await sealedFor(X25519.recipient)
    const others = `# old\n${generateKey().identity()}\n\n# new\n${X25519.identity}\n`
    await done([
      'verify',
      target,
      '--identity-file',
      secret(generateKey().identity()),
      '--identity-file',
      secret(others),
    ])
  })

  it.each([
    ['digits in a file of identities', 'x'.repeat(64), '--key-file'],
    ['an empty file of identities', '# nothing\n', '--key-file'],
  ])('%s are refused', async (_, text, said) => {
    const target = await sealedFor(X25519.recipient)
    await refusedBy(folder, ['verify', target, '--identity-file', secret(text)], 2, said)
  })

  it('a secret identity as a recipient is refused and not repeated', async () => {
    const args = ['seal', folder.file('x'), '-o', folder.fresh(), '--recipient', X25519.identity]
    const ran = await refusedBy(folder, args, 2, 'It must begin with age1')
    expect(ran.stderr).not.toContain('GFPYYS')
  })
})

describe('a wrong call', () => {
  it.each([
    ['two passwords', ['--password-file', 'a', '--password-command', 'b'], 'more than one way'],
    ['no credential and no terminal', [], 'there is no terminal to ask at'],
    [
      'standard input twice',
      ['--key-file', '-', '--password-fd', '0'],
      'asked for twice: --key-file and --password-fd',
    ],
    ['a cost without a password', ['--recipient', KEY.recipient, '--cost', 'paranoid'], '--cost is for a password'],
    ['an unknown cost', ['--cost', 'cheap'], 'Allowed choices are default, interactive, paranoid'],
    ['a descriptor that is none', ['--password-fd', 'three'], 'number of an open descriptor'],
    ['a classical recipient beside a key', ['--recipient', X25519.recipient, '--recipient', KEY.recipient], 'x25519'],
  ])('is %s', async (_, args, said) => {
    const ran = await refusedBy(folder, ['seal', folder.file('x'), '-o', folder.fresh(), ...args], 2, '')
    expect(ran.stderr.toLowerCase()).toContain(said.toLowerCase())
  })

  it('is a password as an argument; it is not repeated', async () => {
    for (const args of [['--password', 'hunter22'], ['--password=hunter22'], ['-p', 'hunter22']]) {
      const ran = await refusedBy(folder, ['seal', folder.file('x'), ...args], 2, '--password-file')
      expect(ran.stderr).not.toContain('hunter22')
    }
  })
})
