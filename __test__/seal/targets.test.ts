import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { generateKey, openFile, sealFile } from '../../ts/index.ts'
import { rejectionOf } from './failure.ts'
import { testFolder } from './folder.ts'

const folder = testFolder()
const key = generateKey()
const LONG = 256 * 2 ** 20

let plain: string
let sealed: string

beforeEach(async () => {
  plain = folder.file('content')
  sealed = folder.fresh()
  await sealFile(plain, sealed, { to: key })
})

const calls = {
  sealing: (target: string, overwrite: boolean) => sealFile(plain, target, { to: key, overwrite }),
  opening: (target: string, overwrite: boolean) => openFile(sealed, target, { with: key, overwrite }),
}

describe.each(Object.entries(calls))('the target of %s', (_, call) => {
  it('row 24: that exists is TARGET_EXISTS and stays as it is', async () => {
    const target = folder.file('mine')
    await folder.unchangedBy(() => call(target, false), 'TARGET_EXISTS')
  })

  it('row 24: that exists is replaced when asked', async () => {
    const target = folder.file('mine')
    await call(target, true)
    expect(readFileSync(target, 'utf8')).not.toBe('mine')
  })

  it.each([
    ['a directory', (target: string) => mkdirSync(target)],
    ['a symlink to a file', (target: string) => symlinkSync(folder.file('mine'), target)],
    ['a symlink to nothing', (target: string) => symlinkSync(folder.fresh(), target)],
    ['a hard link', (target: string) => linkSync(folder.file('mine'), target)],
    ['a FIFO', (target: string) => execFileSync('mkfifo', [target])],
    ['read-only', (target: string) => writeFileSync(target, 'mine', { mode: 0o444 })],
  ])('row 24: that is %s is TARGET_UNSAFE even when asked to replace it', async (_, make) => {
    const target = folder.fresh()
    make(target)
    const before = lstatSync(target)
    await folder.unchangedBy(() => call(target, true), 'TARGET_UNSAFE')
    await folder.unchangedBy(() => call(target, false), 'TARGET_UNSAFE', 'TARGET_EXISTS')
    expect(lstatSync(target)).toMatchObject({ ino: before.ino, mode: before.mode, mtimeMs: before.mtimeMs })
  })

  it('in a folder that is missing is TARGET_UNWRITABLE', async () => {
    await folder.unchangedBy(() => call(join(folder.fresh(), 'target'), false), 'TARGET_UNWRITABLE')
  })

  it('that is the source itself is refused, and the source stays', async () => {
    const source = call === calls.sealing ? plain : sealed
    await folder.unchangedBy(() => call(source, false), 'TARGET_EXISTS')
  })
})

describe('a target that changes during the work', () => {
  beforeEach(() => truncateSync(plain, LONG))

  it('row 24: because a file appears under its name is TARGET_EXISTS, and that file stays', async () => {
    const target = folder.fresh()
    const sealing = rejectionOf(sealFile(plain, target, { to: key, sync: false }))
    await partialIn(folder.path)
    writeFileSync(target, 'mine', { flag: 'wx' })
    expect(await sealing).toMatchObject({ code: 'TARGET_EXISTS', safe: true })
    expect(readFileSync(target, 'utf8')).toBe('mine')
    expect(partials(folder.path)).toEqual([])
  })

  it('row 24: because its folder is replaced by a symlink is TARGET_UNSAFE, and nothing lands elsewhere', async () => {
    const [inside, moved, elsewhere] = [folder.fresh(), folder.fresh(), folder.fresh()]
    mkdirSync(inside)
    mkdirSync(elsewhere)
    const sealing = rejectionOf(sealFile(plain, join(inside, 'target'), { to: key, sync: false }))
    await partialIn(inside)
    renameSync(inside, moved)
    symlinkSync(elsewhere, inside)
    expect(await sealing).toMatchObject({ code: 'TARGET_UNSAFE', safe: true })
    expect(readdirSync(elsewhere)).toEqual([])
    expect(readdirSync(moved)).toEqual([])
  })

  it('is not visible under its name before it is complete', async () => {
    const target = folder.fresh()
    const sealing = sealFile(plain, target, { to: key, sync: false })
    await partialIn(folder.path)
    expect(existsSync(target)).toBe(false)
    const { sealedBytes } = await sealing
    expect(lstatSync(target).size).toBe(sealedBytes)
    expect(partials(folder.path)).toEqual([])
  })
})

function partials(path: string): string[] {
  return readdirSync(path).filter((name) => name.endsWith('.partial'))
}

async function partialIn(path: string): Promise<void> {
  while (partials(path).length === 0) await turn()
}
