import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { blocks, root } from './markdown.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const movie = randomBytes(200_000)

/** A folder as a reader has it: a few files of their own, and holdfast installed. */
function readersFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast readme '))
  folders.push(folder)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'holdfast'), 'junction')
  writeFileSync(join(folder, 'movie.mov'), movie)
  writeFileSync(join(folder, 'notes.txt'), 'the notes of the reader\n')
  mkdirSync(join(folder, 'Pictures'))
  writeFileSync(join(folder, 'Pictures', 'movie.mov'), movie)
  return folder
}

/** Runs Node in the reader's folder, where this machine's memory of backups lies, too. */
function node(folder: string, args: string[], input = '') {
  return new Promise<{ status: number; output: string; errors: string }>((resolve) => {
    const env = { ...process.env, XDG_STATE_HOME: folder, LOCALAPPDATA: folder }
    const child = execFile(process.execPath, args, { cwd: folder, env }, (failure, output, errors) => {
      resolve({ status: failure === null ? 0 : Number(failure.code), output, errors })
    })
    child.stdin?.end(input)
  })
}

const examples = blocks('README.md', 'ts')

describe('the TypeScript of the README', () => {
  it('compiles under strict settings', () => {
    const folder = readersFolder()
    const files = examples.map((code, index) => {
      const file = join(folder, `example-${index}.mts`)
      writeFileSync(file, code)
      return file
    })
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
    })
    const findings = ts.getPreEmitDiagnostics(program)
    expect(findings.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  })

  it.each(examples)('runs, block %#', async (code) => {
    const folder = readersFolder()
    const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.ESNext } })
    writeFileSync(join(folder, 'example.mjs'), outputText)
    expect(await node(folder, ['example.mjs'])).toEqual({ status: 0, output: '', errors: '' })
    const made = ['movie.mov.age', 'restored/Pictures/movie.mov'].filter((name) => existsSync(join(folder, name)))
    expect(made).toHaveLength(1)
    if (made[0] !== 'movie.mov.age') expect(readFileSync(join(folder, made[0] ?? '')).equals(movie)).toBe(true)
    else expect(readFileSync(join(folder, made[0]), 'latin1')).toMatch(/^age-encryption\.org\/v1\n/)
    if (code.includes('again.mov')) expect(readFileSync(join(folder, 'again.mov')).equals(movie)).toBe(true)
  })
})

/** A line of a block of commands: the words of the command, and what the reader is told it does. */
function command(line: string): string[] {
  return (line.split(/ {2,}/)[0] ?? '').split(' ')
}

const commands = blocks('README.md')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.startsWith('holdfast '))
  .map(command)

describe('the commands of the README', () => {
  it('run one after the other as they stand there', async () => {
    const folder = readersFolder()
    const main = join(root, 'dist/cli/main.js')
    const run = (words: string[], input?: string) => node(folder, [main, ...words.slice(1)], input)
    writeFileSync(join(folder, 'my password'), 'several words that nobody guesses')

    expect(commands.length).toBeGreaterThan(17)
    let [digits, snapshot] = ['', '']
    for (const words of commands) {
      const asks = words[1] === 'seal' && !words.includes('--key-file')
      const given = words.map((word) => (word === '4f2a' ? snapshot : word))
      const line = asks ? [...given, '--password-file', 'my password'] : given
      const { status, output, errors } = await run(line, digits)
      expect({ line, status, errors: status === 0 ? '' : errors }).toEqual({ line, status: 0, errors: '' })
      if (line.join(' ') === 'holdfast key show my.key') digits = output
      if (line[1] === 'snapshots') snapshot = /^[0-9a-f]{8}/m.exec(output)?.[0] ?? ''
    }
    for (const made of ['again.mov', 'restored/Pictures/movie.mov']) {
      expect(readFileSync(join(folder, made)).equals(movie), made).toBe(true)
    }
    expect(existsSync(join(folder, 'second-backup', 'holdfast.json'))).toBe(true)
  })

  it('are all the commands that there are', async () => {
    const { output } = await node(readersFolder(), [join(root, 'dist/cli/main.js'), '--help'])
    const named = [...output.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name).filter((name) => name !== 'help')
    expect([...new Set(commands.map((words) => words[1]))].sort()).toEqual([...new Set(named)].sort())
  })
})
