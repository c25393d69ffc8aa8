import { chmodSync, readdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parseKey } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { outcome, start } from './command.ts'

const KEY = parseKey('00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210')
/** A sparse file that takes seconds to seal. */
const LONG = 8 * 2 ** 30
const folder = testFolder()

function secret(content: string): string {
  const path = folder.file(content)
  chmodSync(path, 0o600)
  return path
}

async function longFile(): Promise<string> {
  const path = folder.fresh()
  const file = await open(path, 'wx')
  await file.truncate(LONG)
  await file.close()
  return path
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

const temporary = (): boolean => readdirSync(folder.path).some((name) => name.endsWith('.partial'))

describe('row 29: a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s in mid-work ends with %i, and no temporary file is left', async (signal, code) => {
    const [source, key] = [await longFile(), secret(KEY.identity())]
    const child = start(['seal', source, '-o', folder.fresh(), '--key-file', key, '--no-sync'], {}, [
      'ignore',
      'pipe',
      'pipe',
    ])
    const ended = outcome(child)
    const before = readdirSync(folder.path).length
    await until(temporary)
    child.kill(signal)
    expect(await ended).toMatchObject({ code, stdout: '', stderr: '' })
    expect(readdirSync(folder.path)).toHaveLength(before)
  })

  it('SIGINT while a silent pipe is waited for ends at once, and no temporary file is left', async () => {
    const args = ['seal', '-', '-o', folder.fresh(), '--key-file', secret(KEY.identity())]
    const before = readdirSync(folder.path).length
    const child = start(args, {}, ['pipe', 'pipe', 'pipe'])
    const ended = outcome(child)
    child.stdin?.write('the beginning')
    await until(temporary)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: '' })
    expect(readdirSync(folder.path)).toHaveLength(before)
  })

  it('SIGINT while a password is stretched makes nothing', async () => {
    const args = ['seal', folder.file('x'), '-o', folder.fresh(), '--password-file', secret('correct horse')]
    const before = readdirSync(folder.path).length
    const child = start([...args, '--cost', 'paranoid'], {}, ['ignore', 'pipe', 'pipe'])
    const ended = outcome(child)
    await new Promise((resolve) => setTimeout(resolve, 700))
    child.kill('SIGINT')
    expect((await ended).code === 130 || (await ended).code === null).toBe(true)
    expect(readdirSync(folder.path)).toHaveLength(before)
  })

  it('SIGINT while a password command or a pipe is waited for ends the program', async () => {
    const args = ['seal', folder.file('x'), '-o', folder.fresh(), '--password-fd', '0']
    const child = start(args, {}, ['pipe', 'pipe', 'pipe'])
    const ended = outcome(child)
    await new Promise((resolve) => setTimeout(resolve, 700))
    child.kill('SIGINT')
    await ended
    expect(child.signalCode).toBe('SIGINT')
  })
})
