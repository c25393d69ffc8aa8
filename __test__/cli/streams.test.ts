import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseKey, sealFile } from '../../ts/index.ts'
import { content, testFolder } from '../seal/folder.ts'
import { done, holdfast, outcome, PROGRAM, refusedBy, start } from './command.ts'

const KEY = parseKey('00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210')
const SIZE = 3_158_073
const folder = testFolder()

function keyFile(): string {
  const path = folder.file(KEY.identity())
  chmodSync(path, 0o600)
  return path
}

async function sealed(bytes: Uint8Array): Promise<string> {
  const target = folder.fresh()
  await sealFile(folder.file(bytes), target, { to: KEY })
  return target
}

describe('standard streams', () => {
  it.each([0, 1, 65_536, SIZE])('carry %i bytes in and out, and nothing else', async (size) => {
    const key = keyFile()
    const made = await done(['seal', '-', '-o', '-', '--key-file', key], { input: content(size) })
    const opened = await done(['open', '-', '-o', '-', '--key-file', key], { input: made.bytes })
    expect(opened.bytes.equals(content(size))).toBe(true)
    expect(made.stderr + opened.stderr).toBe('')
  })

  it('mix with files', async () => {
    const [key, target] = [keyFile(), folder.fresh()]
    const { stdout } = await done(['seal', '-', '-o', target, '--key-file', key], { input: content(SIZE) })
    expect(stdout).toContain(`sealed standard input into ${target}`)
    const { bytes } = await done(['open', target, '-o', '-', '--key-file', key])
    expect(bytes.equals(content(SIZE))).toBe(true)
  })

  it('wait for a slow writer and a slow reader', async () => {
    const child = start(['seal', '-', '-o', '-', '--key-file', keyFile()], {}, ['pipe', 'pipe', 'pipe'])
    const ended = outcome(child)
    for (const piece of ['one ', 'two ', 'three']) {
      child.stdin?.write(piece)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    child.stdin?.end()
    const { code, bytes } = await ended
    expect(code).toBe(0)
    const opened = await done(['open', '-', '-o', '-', '--key-file', keyFile()], { input: bytes })
    expect(opened.stdout).toBe('one two three')
  })

  it('stay blocking for the addon: nothing in the program makes a pipe non-blocking', async () => {
    const child = start(['seal', '-', '-o', '-', '--key-file', keyFile()], {}, ['pipe', 'pipe', 'pipe'])
    const ended = outcome(child)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const O_NONBLOCK = 0o4000
    for (const descriptor of process.platform === 'linux' ? [0, 1] : []) {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${child.pid}/fdinfo/${descriptor}`, 'utf8'))?.[1]
      expect(Number.parseInt(flags ?? '', 8) & O_NONBLOCK).toBe(0)
    }
    child.stdin?.end()
    expect((await ended).code).toBe(0)
  })

  it('row 20: damage shows in the exit code, after verified bytes only', async () => {
    const bytes = readFileSync(await sealed(content(SIZE)))
    const ran = await holdfast(['open', '-', '-o', '-', '--key-file', keyFile()], { input: bytes.subarray(0, -1) })
    expect(ran.code).toBe(4)
    expect(ran.bytes.equals(content(SIZE).subarray(0, ran.bytes.length))).toBe(true)
    expect(ran.stderr).toContain('standard input: ')
  })

  it('closed by their reader end the program quietly', async () => {
    const target = await sealed(content(20_000_000))
    const child = start(['open', target, '-o', '-', '--key-file', keyFile()], {}, ['ignore', 'pipe', 'pipe'])
    child.stdout?.once('data', () => child.stdout?.destroy())
    const { code, stderr } = await outcome(child)
    expect({ code, stderr }).toEqual({ code: 6, stderr: '' })
  })

  it.each([['--help'], ['inspect', 'none', '--json']])(
    'that nobody reads any more draw no words: %s',
    async (...args) => {
      const child = start(args, {}, ['ignore', 'pipe', 'pipe'])
      child.stdout?.destroy()
      expect(await outcome(child)).toMatchObject({ code: 6, stderr: '' })
    },
  )

  it('cannot hold content and JSON at a time', async () => {
    const target = await sealed(content(9))
    const args = ['open', target, '-o', '-', '--json', '--key-file', keyFile()]
    const ran = await holdfast(args)
    expect(ran.code).toBe(2)
    expect(JSON.parse(ran.stdout)).toMatchObject({ ok: false, error: { code: 'INVALID_ARGUMENT' } })
  })
})

it('a file named - is reached with a folder in front', async () => {
  const key = keyFile()
  await done(['seal', folder.file('x'), '-o', './-', '--key-file', key], { cwd: folder.path })
  expect(existsSync(folder.at('-'))).toBe(true)
  await refusedBy(folder, ['seal', './-', '-o', './-', '--key-file', key], 6, 'exists')
})

it('the program runs from another folder, through a link to it', async () => {
  expect(PROGRAM).toMatch(/main\.js$/)
  expect((await done(['--version'], { cwd: folder.path })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
