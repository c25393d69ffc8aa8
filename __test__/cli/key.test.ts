import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateKey, openKey, parseKey, password } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { done, holdfast, jsonOf, refusedBy } from './command.ts'

const DIGITS = '00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210'
const KEY = parseKey(DIGITS)
const folder = testFolder()

function secret(content: string): string {
  const path = folder.file(content)
  chmodSync(path, 0o600)
  return path
}

describe('holdfast key new', () => {
  it('prints a key of 4 rows and its check group', async () => {
    const { stdout } = await done(['key', 'new'])
    expect(stdout).toMatch(/^([0-9a-f]{4}( [0-9a-f]{4}){3}\n){4}\ncheck group: [0-9a-f]{4}\n$/)
    const [rows = '', check = ''] = stdout.split('\n\ncheck group: ')
    expect(parseKey(rows).check).toBe(check.trim())
  })

  it('writes a file that only the owner reads, without the digits and the check group', async () => {
    const path = folder.fresh()
    const { stdout, stderr } = await done(['key', 'new', '--out', path])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const text = readFileSync(path, 'utf8')
    const lines = text.trimEnd().split('\n')
    const key = parseKey(lines.at(-1) ?? '')
    expect(lines.slice(0, -1).every((line) => line.startsWith('#'))).toBe(true)
    expect(text).not.toMatch(new RegExp(`${key.check}\\b`))
    expect(stdout + stderr).not.toContain(key.format().slice(0, 19))
    expect(stdout + stderr).not.toContain('AGE-SECRET-KEY')
  })

  it('never replaces a file', async () => {
    const path = secret('precious')
    await refusedBy(folder, ['key', 'new', '--out', path], 6, 'a file exists at the target')
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  it('seals the key under a password when one is given', async () => {
    const path = folder.fresh()
    const args = ['--out', path, '--password-file', secret('correct horse\n'), '--cost', 'interactive']
    const said = jsonOf(await done(['key', 'new', ...args, '--json']))
    expect(said).toMatchObject({ v: 1, ok: true, path, protected: true })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await openKey(readFileSync(path), password('correct horse'))).recipient).toBe(said['recipient'])
  })

  it('makes no file when the password is too short', async () => {
    const path = folder.fresh()
    const args = ['key', 'new', '--out', path, '--password-file', secret('short')]
    await refusedBy(folder, args, 3, '8 to 1024 are possible')
  })

  it.each([
    ['--protect without a file', ['--protect'], 'needs a file'],
    ['--cost without a password', ['--out', 'x', '--cost', 'paranoid'], '--protect'],
  ])('%s is a wrong call', async (_, args, said) => {
    await refusedBy(folder, ['key', 'new', ...args], 2, said)
  })
})

describe('holdfast key show', () => {
  it.each([
    ['64 digits in a line', DIGITS],
    ['rows as printed', KEY.format()],
    ['digits with the check group', `${DIGITS} ${KEY.check}\n`],
    ['upper case, hyphens and a comment', `# mine\n${DIGITS.toUpperCase().replace(/(.{8})/g, '$1-')}\r\n`],
    ['an age identity with comments', `# created: today\n${KEY.identity()}\n`],
  ])('reads %s', async (_, text) => {
    const { stdout, stderr } = await done(['key', 'show', secret(text)])
    expect(stdout).toBe(`${KEY.format()}\n\ncheck group: ${KEY.check}\n`)
    expect(stderr).toBe('')
  })

  it('prints the age identity, or the recipient', async () => {
    const path = secret(DIGITS)
    expect((await done(['key', 'show', path, '--age'])).stdout).toBe(`${KEY.identity()}\n`)
    expect((await done(['key', 'show', path, '--recipient'])).stdout).toBe(`${KEY.recipient}\n`)
    expect(jsonOf(await done(['key', 'show', path, '--recipient', '--json']))).toMatchObject({
      v: 1,
      ok: true,
      recipient: KEY.recipient,
    })
  })

  it('reads standard input for -', async () => {
    expect((await done(['key', 'show', '-'], { input: DIGITS })).stdout).toContain(KEY.check)
  })

  it('opens a key that is sealed under a password', async () => {
    const [path, pw] = [folder.fresh(), secret('correct horse')]
    await done(['key', 'new', '--out', path, '--password-file', pw, '--cost', 'interactive'])
    const { stdout } = await done(['key', 'show', path, '--recipient', '--password-file', pw])
    expect(stdout).toMatch(/^age1pq1/)
    const wrong = await holdfast(['key', 'show', path, '--password-file', secret('battery staple')])
    expect(wrong).toMatchObject({ code: 3, stdout: '' })
  })

  it('warns when others can read the key, and still prints it', async () => {
    const path = secret(DIGITS)
    chmodSync(path, 0o640)
    expect((await done(['key', 'show', path])).stderr).toContain(`chmod 600 ${path}`)
  })

  it.each([
    ['two identities', `${KEY.identity()}\n${generateKey().identity()}`, 2, '--identity-file'],
    [
      'a classical identity',
      'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
      2,
      '--identity-file',
    ],
    ['63 digits', DIGITS.slice(1), 3, '63 digits'],
    ['a letter O', DIGITS.replace('0', 'O'), 3, 'group 1'],
    ['a wrong check group', `${DIGITS} ffff`, 3, 'check group'],
    ['nothing', '', 3, '0 digits'],
  ])('refuses %s', async (_, text, code, said) => {
    const path = secret(text)
    const ran = await holdfast(['key', 'show', path])
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toContain(said)
    expect(ran.stderr).not.toContain(text.slice(8, 40) || '\0')
  })

  it('refuses a folder, a missing file and one that never ends', async () => {
    expect(await holdfast(['key', 'show', folder.path])).toMatchObject({ code: 6 })
    expect((await holdfast(['key', 'show', folder.fresh()])).stderr).toContain('no such file')
    expect(await holdfast(['key', 'show', '/dev/zero'])).toMatchObject({ code: 2 })
  })
})

describe('holdfast key check', () => {
  it('accepts digits with their check group, from a file and from standard input', async () => {
    const text = `${KEY.format()}\n${KEY.check}`
    expect((await done(['key', 'check', secret(text)])).stdout).toBe('the 64 digits and the check group fit\n')
    expect((await done(['key', 'check'], { input: text })).stdout).toBe('the 64 digits and the check group fit\n')
  })

  it('accepts what key show prints', async () => {
    const { stdout: input } = await done(['key', 'show', secret(KEY.identity())])
    expect((await done(['key', 'check'], { input })).stdout).toBe('the 64 digits and the check group fit\n')
    const wrong = await holdfast(['key', 'check'], { input: input.replace('check group: ', 'check group: 0') })
    expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('holdfast: standard input: ') })
  })

  it('says the check group of digits without one', async () => {
    expect((await done(['key', 'check', '-'], { input: DIGITS })).stdout).toContain(KEY.check)
    expect(jsonOf(await done(['key', 'check', '--json'], { input: DIGITS }))).toMatchObject({ checked: false })
  })

  it('finds one wrong digit', async () => {
    const typed = `${DIGITS.replace('3', '8')} ${KEY.check}`
    const ran = await holdfast(['key', 'check', '--json'], { input: typed })
    expect(ran.code).toBe(3)
    expect(jsonOf(ran)).toMatchObject({ v: 1, ok: false, error: { code: 'KEY_CHECK' } })
  })

  it('ignores a comment that is in the file', async () => {
    const path = folder.fresh()
    writeFileSync(path, `# from paper\n${DIGITS}${KEY.check}\n`, { mode: 0o600 })
    await done(['key', 'check', path])
  })
})
