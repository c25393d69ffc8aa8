import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateKey, parseKey, sealFile, verifyFile } from '../../ts/index.ts'
import { content, SIZES, testFolder } from '../seal/folder.ts'
import { done, holdfast, jsonOf, refusedBy } from './command.ts'

const KEY = parseKey('00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210')
const folder = testFolder()

function keyFile(key = KEY): string {
  const path = folder.file(key.identity())
  chmodSync(path, 0o600)
  return path
}

async function sealed(bytes: Uint8Array | string): Promise<string> {
  const target = `${folder.fresh()}.age`
  await sealFile(folder.file(bytes), target, { to: KEY })
  return target
}

describe('holdfast seal and open', () => {
  it.each(SIZES)('bring back %i bytes, under default names', async (size) => {
    const [source, key] = [folder.file(content(size)), keyFile()]
    expect((await done(['seal', source, '--key-file', key])).stdout).toContain(`sealed ${source} into ${source}.age`)
    const opened = await done(['open', `${source}.age`, '--force', '--key-file', key])
    expect(opened.stdout).toContain(`opened ${source}.age into ${source}`)
    expect(opened.stderr).toBe('')
    expect(readFileSync(source).equals(content(size))).toBe(true)
  })

  it('make the file that -o names; what is opened is for the owner alone', async () => {
    const [key, target, again] = [keyFile(), folder.fresh(), folder.fresh()]
    await done(['seal', folder.file('content'), '-o', target, '--key-file', key])
    await done(['open', target, '-o', again, '--key-file', key])
    expect(readFileSync(again, 'utf8')).toBe('content')
    expect(statSync(again).mode & 0o777).toBe(0o600)
  })

  it('take names that begin with a hyphen after --', async () => {
    writeFileSync(folder.at('-x'), 'content')
    await done(['seal', '--key-file', keyFile(), '--', '-x'], { cwd: folder.path })
    await verifyFile(folder.at('-x.age'), { with: KEY })
  })

  it('tell in JSON what they made', async () => {
    const [source, target, key] = [folder.file(content(70_000)), folder.fresh(), keyFile()]
    const made = jsonOf(await done(['seal', source, '-o', target, '--key-file', key, '--json']))
    expect(made).toEqual({
      v: 1,
      ok: true,
      command: 'seal',
      source,
      target,
      bytes: 70_000,
      sealedBytes: statSync(target).size,
      costLowered: false,
      synced: true,
    })
    const again = jsonOf(await done(['open', target, '-o', folder.fresh(), '--key-file', key, '--json', '--no-sync']))
    expect(again).toMatchObject({ v: 1, ok: true, command: 'open', bytes: 70_000, synced: false })
  })

  it('say that the disk may not have it yet with --no-sync', async () => {
    const [source, key] = [folder.file('content'), keyFile()]
    expect((await done(['seal', source, '--key-file', key, '--no-sync'])).stdout).toContain('not yet on the disk')
    expect((await done(['open', `${source}.age`, '-o', folder.fresh(), '--key-file', key])).stdout).not.toContain(
      'disk',
    )
  })
})

describe('row 24: a target', () => {
  it('that exists is replaced with --force only', async () => {
    const [source, key, target] = [folder.file('content'), keyFile(), folder.file('precious')]
    const args = ['seal', source, '-o', target, '--key-file', key]
    const ran = await refusedBy(folder, args, 6, `${target}: a file exists at the target`)
    expect(ran.stderr).toContain('--force')
    await done([...args, '--force'])
    await verifyFile(target, { with: KEY })
  })

  it('that is a link is not followed', async () => {
    const [source, key, target] = [folder.file('content'), keyFile(), folder.fresh()]
    const precious = folder.file('precious')
    symlinkSync(precious, target)
    const ran = await holdfast(['seal', source, '-o', target, '--key-file', key, '--force'])
    expect(ran.code).toBe(6)
    expect(readFileSync(precious, 'utf8')).toBe('precious')
  })

  it('that has no name is asked for', async () => {
    const key = keyFile()
    const other = await sealed('content')
    const plain = folder.file(readFileSync(other))
    await refusedBy(folder, ['open', plain, '--key-file', key], 2, 'does not end in .age')
    await refusedBy(folder, ['open', '.age', '--key-file', key], 2, 'does not end in .age')
    await refusedBy(folder, ['open', '-', '--key-file', key], 2, 'standard input does not end in .age')
    await refusedBy(folder, ['seal', '-', '--key-file', key], 2, 'standard input has no name')
    await refusedBy(folder, ['seal', plain, '-o', '', '--key-file', key], 2, 'empty')
  })
})

describe('holdfast verify', () => {
  it('says that a file is whole, and writes nothing', async () => {
    const [target, key] = [await sealed(content(200_000)), keyFile()]
    const before = folder.content()
    expect((await done(['verify', target, '--key-file', key])).stdout).toContain(`${target} is whole and unchanged`)
    expect(jsonOf(await done(['verify', target, '--key-file', key, '--json']))).toMatchObject({
      v: 1,
      ok: true,
      command: 'verify',
      bytes: 200_000,
      sealedBytes: statSync(target).size,
    })
    expect(folder.content()).toEqual(before)
  })

  it('names the damage, with exit code 4', async () => {
    const bytes = readFileSync(await sealed(content(200_000)))
    bytes[bytes.length - 70_000] = (bytes[bytes.length - 70_000] ?? 0) ^ 1
    const damaged = folder.file(bytes)
    await refusedBy(folder, ['verify', damaged, '--key-file', keyFile()], 4, `${damaged}: chunk 1 (byte `)
    const ran = await holdfast(['verify', damaged, '--key-file', keyFile(), '--json'])
    expect(jsonOf(ran)).toMatchObject({
      v: 1,
      ok: false,
      exitCode: 4,
      error: { code: 'CHUNK_CORRUPT', path: damaged, safe: true, retryable: false, details: { chunk: 1 } },
    })
  })
})

describe('holdfast inspect', () => {
  it('says the kinds, costs and lengths without a credential', async () => {
    const [source, target] = [folder.file(content(70_000)), folder.fresh()]
    const pw = folder.file('correct horse')
    await done(['seal', source, '-o', target, '--password-file', pw, '--key-file', keyFile(), '--cost', 'interactive'])
    const { stdout, stderr } = await done(['inspect', target])
    expect(stdout).toContain('a password (Argon2id, 64 MiB, 3 passes, 4 lanes)')
    expect(stdout).toContain('a 64-digit key')
    expect(stdout).toContain('70000 bytes')
    expect(stderr).toBe('')
    const { info } = jsonOf(await done(['inspect', target, '--json']))
    expect(info).toMatchObject({
      version: 1,
      armored: false,
      postquantum: true,
      bytes: 70_000,
      sealedBytes: statSync(target).size,
    })
  })

  it('reads standard input', async () => {
    const input = readFileSync(await sealed('content'))
    expect((await done(['inspect', '-'], { input })).stdout).toContain('standard input: age file, version 1')
  })

  it('refuses what is no sealed file, a folder and a missing file', async () => {
    await refusedBy(folder, ['inspect', folder.file('hello')], 4, 'not a sealed file')
    await refusedBy(folder, ['inspect', folder.path], 6, 'cannot be read')
    await refusedBy(folder, ['inspect', folder.fresh()], 6, 'cannot be read')
  })
})

it('the key of somebody else does not open', async () => {
  const target = await sealed('content')
  const args = ['open', target, '-o', folder.fresh(), '--key-file', keyFile(generateKey())]
  await refusedBy(folder, args, 3, `${target}: the 64-digit key does not open this file`)
})
