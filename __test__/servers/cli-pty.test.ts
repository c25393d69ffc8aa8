import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { openKey, parseKey, password, sealFile, verifyFile } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { commandOf as holdfast, atTerminal as inTerminal, KEYS, type Screen, type Step } from './terminal.ts'

const KEY = parseKey('00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210')
const PASSWORD = 'eleven purple otters sing'
const { enter: ENTER, down: DOWN, ctrlC: CTRL_C } = KEYS
const folder = testFolder()

const atTerminal = (command: string, steps: readonly Step[], env: NodeJS.ProcessEnv = {}): Promise<Screen> =>
  inTerminal(folder.path, command, steps, env)

function secret(content: string): string {
  const path = folder.file(content)
  chmodSync(path, 0o600)
  return path
}

describe('a password that is asked for', () => {
  it('seals when typed twice, is never shown, and its strength is said in words', async () => {
    const [source, target] = [folder.file('content'), folder.fresh()]
    const { code, text } = await atTerminal(holdfast('seal', source, '-o', target, '--cost', 'interactive'), [
      ['Seal with', ENTER],
      ['A new password', PASSWORD + ENTER],
      ['The same password again', PASSWORD + ENTER],
    ])
    expect(code).toBe(0)
    expect(text).toMatch(/This password is very strong: someone who has the file .* finds it in centuries/)
    expect(text).not.toContain('otters')
    await verifyFile(target, { with: password(PASSWORD) })
  })

  it('is refused under 8 characters, doubted when weak, and typed again when the two differ', async () => {
    const [source, target] = [folder.file('content'), folder.fresh()]
    const { code, text } = await atTerminal(holdfast('seal', source, '-o', target, '--cost', 'interactive'), [
      ['Seal with', ENTER],
      ['A new password', `short${ENTER}`],
      ['the password has 5 characters', `\u0015password1${ENTER}`],
      ['Take it all the same?', 'n'],
      ['A new password', PASSWORD + ENTER],
      ['The same password again', `something else${ENTER}`],
      ['The two differ', PASSWORD + ENTER],
      ['The same password again', PASSWORD + ENTER],
    ])
    expect(code).toBe(0)
    expect(text).toContain('This password is very weak')
    await verifyFile(target, { with: password(PASSWORD) })
  })

  it('opens; a wrong one ends with 3', async () => {
    const [sealed, target] = [`${folder.fresh()}.age`, folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: password(PASSWORD, { cost: 'interactive' }) })
    const wrong = await atTerminal(holdfast('open', sealed, '-o', target), [['Password', `wrong${ENTER}`]])
    expect(wrong.code).toBe(3)
    expect(existsSync(target)).toBe(false)
    const right = await atTerminal(holdfast('open', sealed, '-o', target), [['Password', PASSWORD + ENTER]])
    expect(right.code).toBe(0)
    expect(readFileSync(target, 'utf8')).toBe('content')
  })

  it('comes from the terminal while content comes through a pipe', async () => {
    const [source, target] = [folder.file('x'.repeat(3_000_000)), folder.fresh()]
    const options = ['-o', target, '--cost', 'interactive']
    const piped = `(sleep 1; cat '${source}'; sleep 1) | ${holdfast('seal', '-', ...options).replace('exec ', '')} | cat`
    const { text } = await atTerminal(piped, [
      ['Seal with', ENTER],
      ['A new password', PASSWORD + ENTER],
      ['The same password again', PASSWORD + ENTER],
      ['sealed standard input', ''],
    ])
    expect(text).not.toContain('cannot be read')
    expect(await verifyFile(target, { with: password(PASSWORD) })).toMatchObject({ bytes: 3_000_000 })
  })

  it('protects a new key, and opens it', async () => {
    const path = folder.fresh()
    const made = await atTerminal(holdfast('key', 'new', '--out', path, '--protect', '--cost', 'interactive'), [
      ['A new password', PASSWORD + ENTER],
      ['The same password again', PASSWORD + ENTER],
    ])
    expect(made.code).toBe(0)
    const { recipient } = await openKey(readFileSync(path), password(PASSWORD))
    const shown = await atTerminal(holdfast('key', 'show', path, '--recipient'), [['Password', PASSWORD + ENTER]])
    expect(shown.text).toContain(recipient.slice(0, 60))
  })
})

describe('a 64-digit key that is asked for', () => {
  it('is pasted in four rows, and opens', async () => {
    const [sealed, target] = [`${folder.fresh()}.age`, folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: KEY })
    const rows = `${KEY.format().replaceAll('\n', ENTER)}${ENTER}`
    const { code, text } = await atTerminal(holdfast('open', sealed, '-o', target), [['64-digit key', rows]])
    expect(code).toBe(0)
    expect(text).not.toContain('0011')
    expect(readFileSync(target, 'utf8')).toBe('content')
  })

  it('with a wrong character is told which group, and can be typed again', async () => {
    const [sealed, target] = [`${folder.fresh()}.age`, folder.fresh()]
    await sealFile(folder.file('content'), sealed, { to: KEY })
    const digits = KEY.format().replaceAll(/\s/g, '')
    const { code } = await atTerminal(holdfast('open', sealed, '-o', target), [
      ['64-digit key', `${digits.replace('8', 'O')}${ENTER}`],
      ['Group 5', `\u0015${digits}${ENTER}`],
    ])
    expect(code).toBe(0)
  })

  it('typed as a new password is offered as the key that it is', async () => {
    const [source, target] = [folder.file('content'), folder.fresh()]
    const digits = KEY.format().replaceAll(/\s/g, '')
    const { code } = await atTerminal(holdfast('seal', source, '-o', target), [
      ['Seal with', ENTER],
      ['A new password', digits + ENTER],
      ['Seal for the key?', ENTER],
    ])
    expect(code).toBe(0)
    await verifyFile(target, { with: KEY })
  })

  it('can be chosen where the file does not say what opens it', async () => {
    const sealed = folder.fresh()
    await sealFile(folder.file('content'), sealed, { to: [KEY, password(PASSWORD, { cost: 'interactive' })] })
    const digits = KEY.format().replaceAll(/\s/g, '')
    const { code } = await atTerminal(holdfast('verify', sealed), [
      ['Open with', DOWN + ENTER],
      ['64-digit key', digits + ENTER],
    ])
    expect(code).toBe(0)
  })

  it('is checked with its check group', async () => {
    const typed = `${KEY.format().replaceAll(/\s/g, '')}${KEY.check}`
    const asked: Step['0'] = 'The 64 digits, and the check group'
    expect((await atTerminal(holdfast('key', 'check'), [[asked, typed + ENTER]])).text).toContain('group fit')
    const wrong = await atTerminal(holdfast('key', 'check'), [[asked, typed.replace('3', '8') + ENTER]])
    expect(wrong.code).toBe(3)
  })
})

describe('at a terminal', () => {
  it('Ctrl-C at a question ends with 130 and makes nothing', async () => {
    const [source, target] = [folder.file('content'), folder.fresh()]
    const { code } = await atTerminal(holdfast('seal', source, '-o', target), [['Seal with', CTRL_C]])
    expect(code).toBe(130)
    expect(existsSync(target)).toBe(false)
  })

  it('a bar shows how far it is, never falls, and is gone at the end', async () => {
    const [source, key] = [folder.fresh(), secret(KEY.identity())]
    const file = await open(source, 'wx')
    await file.truncate(1e9)
    await file.close()
    const { code, raw, text } = await atTerminal(holdfast('seal', source, '--key-file', key, '--no-sync'), [])
    expect(code).toBe(0)
    const percents = [...text.matchAll(/sealing\s+(\d+) %/g)].map(([, percent]) => Number(percent))
    expect(percents.length).toBeGreaterThan(2)
    expect(percents).toEqual([...percents].sort((one, other) => one - other))
    expect(percents.at(-1)).toBe(100)
    expect(percents.filter((percent) => percent === 100)).toHaveLength(1)
    expect(text).toMatch(/[\d.]+ [MG]B\/s {2}\d+ s left/)
    expect(raw.trimEnd().split('\r\u001b[K').at(-1)).toMatch(/^sealed [^\r\n]*$/)
  })

  it('no bar comes with --json, or on a terminal that can do nothing', async () => {
    const [source, key] = [folder.file('content'), secret(KEY.identity())]
    const json = await atTerminal(holdfast('seal', source, '--key-file', key, '--json'), [])
    expect(json.raw.trim()).toMatch(/^\{"v":1,"ok":true.*\}$/)
    const dumb = await atTerminal(holdfast('verify', `${source}.age`, '--key-file', key), [], { TERM: 'dumb' })
    expect(dumb.raw).not.toContain('\u001b')
  })

  it('errors are in colour, unless NO_COLOR is set', async () => {
    expect((await atTerminal(holdfast('inspect', 'none'), [])).raw).toContain('\u001b[31mholdfast:')
    expect((await atTerminal(holdfast('inspect', 'none'), [], { NO_COLOR: '1' })).raw).not.toContain('\u001b')
  })

  it('a sealed file is not printed, unless forced', async () => {
    const [source, key] = [folder.file('content'), secret(KEY.identity())]
    const refused = await atTerminal(holdfast('seal', source, '-o', '-', '--key-file', key), [])
    expect(refused.code).toBe(2)
    expect(refused.text).toContain('standard output is a terminal')
    const forced = await atTerminal(holdfast('seal', source, '-o', '-', '--force', '--key-file', key), [])
    expect(forced.raw).toContain('age-encryption.org/v1')
  })
})
