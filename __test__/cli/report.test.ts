import { describe, expect, it } from 'vitest'
import { EXIT, told } from '../../ts/cli/report.ts'
import { CATALOG, isErrorCode } from '../../ts/errors/catalog.ts'
import { makeError } from '../../ts/errors.ts'
import { testFolder } from '../seal/folder.ts'
import { done, holdfast, jsonOf } from './command.ts'

const folder = testFolder()

/** Exit codes by class, as architecture and `--help` state them. */
const BY_KIND: Record<string, number> = {
  UsageError: 2,
  CredentialError: 3,
  FormatError: 4,
  IntegrityError: 4,
  DestinationError: 5,
  AvailabilityError: 5,
  FileError: 6,
  LimitError: 6,
  PlatformError: 6,
  HoldfastError: 70,
}

const COMMANDS = [
  [],
  ...['init', 'backup', 'snapshots', 'ls', 'find', 'diff', 'restore', 'check', 'stats', 'copy'].map((name) => [name]),
  ...['seal', 'open', 'verify', 'inspect', 'key'].map((name) => [name]),
  ...['new', 'show', 'check'].map((name) => ['key', name]),
]

describe('the exit code', () => {
  it.each(Object.entries(CATALOG))('of %s is that of its class', (code, { kind }) => {
    if (!isErrorCode(code)) return expect.fail(code)
    const details = { available: [], tried: [] } as never
    expect(told(makeError(code, 'message', { details })).exitCode).toBe(BY_KIND[kind])
  })

  it('of a bug is 70', () => {
    expect(told(new TypeError('bug')).exitCode).toBe(70)
  })
})

describe('a wrong call', () => {
  it.each([
    ['an unknown command', ['sael', 'x'], "unknown command 'sael'"],
    ['an unknown option', ['seal', 'x', '--fast'], "unknown option '--fast'"],
    ['a missing argument', ['open'], "missing required argument 'file'"],
    ['two files', ['verify', 'a', 'b'], 'too many arguments'],
    ['an unknown key command', ['key', 'make'], "unknown command 'make'"],
  ])('%s ends with 2 and says where to read', async (_, args, said) => {
    const ran = await holdfast(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(said)
    expect(ran.stderr).toMatch(/See holdfast .*--help\./)
  })

  it('is told in JSON when that is asked for', async () => {
    const ran = await holdfast(['seal', 'x', '--swift', '--json'])
    expect(ran).toMatchObject({ code: 2, stderr: '' })
    expect(jsonOf(ran)).toEqual({
      v: 1,
      ok: false,
      exitCode: 2,
      error: {
        code: 'INVALID_ARGUMENT',
        message: "unknown option '--swift'",
        hint: 'See holdfast seal --help.',
        retryable: false,
        safe: true,
        details: {},
      },
    })
  })

  it('without a command prints the help on standard error', async () => {
    const ran = await holdfast([])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain('Usage: holdfast')
  })
})

describe('help', () => {
  it.each(COMMANDS.map((words) => [words]))(
    'of %j has examples, fits 100 columns and goes to standard output',
    async (words) => {
      const { stdout, stderr } = await done([...words, '--help'])
      expect(stdout).toContain('Examples:')
      expect(stdout).toContain(`$ holdfast ${words.join(' ')}`)
      expect(stderr).toBe('')
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    },
  )

  it.each([[], ['key'], ['seal'], ['open']].map((words) => [words]))('of %j says how to do without', async (words) => {
    expect((await done([...words, '--help'])).stdout).toContain('age -d -i')
  })

  it('lists every command with what it does', async () => {
    const { stdout } = await done(['--help'])
    for (const [name = ''] of COMMANDS.slice(1)) expect(stdout).toMatch(new RegExp(`^ {2}${name}[ [].* {2}\\w`, 'm'))
  })

  it('names every exit code that the program uses', async () => {
    const { stdout } = await done(['--help'])
    for (const code of Object.values(EXIT)) expect(stdout).toMatch(new RegExp(`\\b${code}\\b`))
  })
})

describe('colour', () => {
  it('and bars are not for a pipe', async () => {
    const ran = await holdfast(['inspect', folder.fresh()], { env: { FORCE_COLOR: '1' } })
    expect(ran.stderr).not.toContain('\u001b')
    expect(ran.code).toBe(6)
  })
})
