import { execFileSync } from 'node:child_process'
import { appendFileSync, readdirSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { generateKey, inspect, openFile, sealFile, verifyFile } from '../../ts/index.ts'
import { rejectionOf } from './failure.ts'
import { content, testFolder } from './folder.ts'

const folder = testFolder()
const key = generateKey()
/** Long enough that the work is still going on when the test interferes. */
const LONG = 256 * 2 ** 20

describe('a source that is no sealed file', () => {
  it.each([
    ['empty', Buffer.of()],
    ['of one byte', Buffer.of(0x61)],
    ['of random bytes', Buffer.from(content(100_000))],
    ['text', Buffer.from('age-encryption.org, but not quite')],
    ['armor of another kind', Buffer.from('-----BEGIN PGP MESSAGE-----\n')],
  ])('row 15: but %s is NOT_SEALED', async (_, bytes) => {
    const source = folder.file(bytes)
    await folder.unchangedBy(() => openFile(source, folder.fresh(), { with: key }), 'NOT_SEALED')
    await folder.unchangedBy(() => verifyFile(source, { with: key }), 'NOT_SEALED')
    await folder.unchangedBy(() => inspect(source), 'NOT_SEALED')
  })
})

describe('a source that is no regular file', () => {
  it.each<[string, () => string]>([
    ['missing', () => folder.fresh()],
    ['a directory', () => folder.path],
    ['a FIFO that nobody writes to', () => fifo()],
    ['below a file', () => `${folder.file('x')}/y`],
    ['a device', () => '/dev/zero'],
  ])('row 15: but %s is SOURCE_UNREADABLE and does not hang', async (_, make) => {
    const source = make()
    const calls = [
      () => sealFile(source, folder.at('target'), { to: key }),
      () => openFile(source, folder.at('target'), { with: key }),
      () => verifyFile(source, { with: key }),
      () => inspect(source),
    ]
    for (const call of calls) {
      const error = await folder.unchangedBy(call, 'SOURCE_UNREADABLE')
      expect(error).toMatchObject({ name: 'FileError', details: { call: expect.any(String) } })
      expect(JSON.stringify(error)).not.toContain(folder.path)
    }
  })

  it('and a path that cannot be one is INVALID_ARGUMENT', async () => {
    const wrong = ['', 'a\0b', '\ud800', new Uint8Array(0), Buffer.from('a\0b'), 7, null, undefined, {}, Symbol('x')]
    const urls = [new URL('https://example.org/a'), new URL('file://host/a'), new URL('file:///a%2Fb')]
    for (const source of [...wrong, ...(process.platform === 'win32' ? [] : urls)]) {
      expect((await rejectionOf(verifyFile(source as string, { with: key }))).code).toBe('INVALID_ARGUMENT')
      const sealing = sealFile(folder.file('x'), source as string, { to: key })
      expect((await rejectionOf(sealing)).code).toBe('INVALID_ARGUMENT')
    }
  })
})

describe('a source that changes while it is read', () => {
  it.each([
    ['grows', (path: string) => appendFileSync(path, 'x')],
    ['shrinks', (path: string, round: number) => truncateSync(path, LONG - round)],
    ['is rewritten', (path: string) => writeFileSync(path, 'x', { flag: 'r+' })],
    ['is touched', (path: string, round: number) => utimesSync(path, round, round)],
    ['is replaced', (path: string) => replace(path)],
  ])('row 23: when it %s, sealing rejects with SOURCE_CHANGED and publishes nothing', async (_, interfere) => {
    const source = folder.file('')
    truncateSync(source, LONG)
    const target = folder.fresh()
    const names = readdirSync(folder.path)
    let settled = false
    const sealing = rejectionOf(sealFile(source, target, { to: key, sync: false })).finally(() => {
      settled = true
    })
    for (let round = 1; !settled; round += 1) {
      await turn()
      interfere(source, round)
    }
    expect(await sealing).toMatchObject({ code: 'SOURCE_CHANGED', retryable: true, safe: true })
    expect(readdirSync(folder.path)).toEqual(names)
  })
})

function fifo(): string {
  const path = folder.fresh()
  execFileSync('mkfifo', [path])
  return path
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, '')
  truncateSync(`${path}.new`, LONG)
  renameSync(`${path}.new`, path)
}
