import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { generateKey, password, sealFile, sealKey } from '../../ts/index.ts'

interface Vectors {
  section3: { password: string; decomposed: string; sealed: string; plaintext: string }
  section4: { key: string; check: string; identity: string; sealed: string }
}

const recover = fileURLToPath(new URL('../../docs/recover/', import.meta.url))
const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../vectors/external/repository/keys.json', import.meta.url), 'utf8'),
)
const { section3, section4 } = vectors

const folder = mkdtempSync(join(tmpdir(), 'holdfast recover '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
/** A path in the test's folder under which nothing exists. */
function fresh(): string {
  count += 1
  return join(folder, `${count}`)
}

function file(bytes: Uint8Array | string): string {
  const path = fresh()
  writeFileSync(path, bytes)
  return path
}

/** Runs a program of `docs/recover` with `input` on its standard input. */
async function run(script: string, args: string[], input: string | Uint8Array) {
  const child = spawn(process.execPath, [join(recover, script), ...args])
  child.stdin.end(input)
  const ended = new Promise<number | null>((settle) => child.once('close', settle))
  const [status, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { status, output, errors }
}

const openWithPassword = (source: string, target: string, typed: string) =>
  run('open-with-password.mjs', [source, target], typed)

describe('open-with-password.mjs', () => {
  const golden = file(Buffer.from(section3.sealed, 'base64'))
  const spellings = {
    'as it was typed': section3.password,
    'with a line ending': `${section3.password}\n`,
    'with a Windows line ending': `${section3.password}\r\n`,
    'row 1: decomposed': section3.decomposed,
    'row 1: with no-break spaces': section3.password.replaceAll(' ', '\u00a0'),
    'row 1: with ideographic spaces': section3.password.replaceAll(' ', '\u3000'),
  }

  it.each(Object.entries(spellings))('opens the golden file with the password %s', async (_, typed) => {
    const target = fresh()
    expect(await openWithPassword(golden, target, typed)).toMatchObject({ status: 0, errors: '' })
    expect(readFileSync(target, 'utf8')).toBe(section3.plaintext)
  })

  it.each([`${section3.password} `, ` ${section3.password}`, section3.password.toUpperCase()])(
    'writes nothing with the wrong password %j',
    async (typed) => {
      const target = fresh()
      const { status, errors } = await openWithPassword(golden, target, typed)
      expect(status).toBe(1)
      expect(errors).toMatch('unable to authenticate data')
      expect(existsSync(target)).toBe(false)
    },
  )

  it('says when a file was not sealed with a password', async () => {
    const { status, errors } = await openWithPassword(file(Buffer.from(section4.sealed, 'base64')), fresh(), 'x')
    expect(status).toBe(1)
    expect(errors).toMatch('not sealed with a password')
  })

  it('leaves an existing target alone', async () => {
    const target = file('precious')
    expect(await openWithPassword(golden, target, section3.password)).toMatchObject({ status: 1 })
    expect(readFileSync(target, 'utf8')).toBe('precious')
  })

  it('removes the target again when the file is damaged in its last byte', async () => {
    const bytes = Buffer.from(section3.sealed, 'base64')
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    const target = fresh()
    expect(await openWithPassword(file(bytes), target, section3.password)).toMatchObject({ status: 1 })
    expect(existsSync(target)).toBe(false)
  })
})

describe('open-with-password.mjs, on files that holdfast sealed', () => {
  const typed = 'mehrere W\u00f6rter, die keiner err\u00e4t'
  const plaintext = randomBytes(200_000)
  const key = generateKey()
  const typedPassword = () => password(typed, { cost: 'interactive' })

  async function sealed(): Promise<string> {
    const target = fresh()
    await sealFile(file(plaintext), target, { to: [key, typedPassword()], sync: false })
    return target
  }

  it('opens a file of several chunks, sealed with a password and a key', async () => {
    const target = fresh()
    const source = await sealed()
    expect(await openWithPassword(source, target, typed.normalize('NFD'))).toMatchObject({ status: 0, errors: '' })
    expect(readFileSync(target).equals(plaintext)).toBe(true)
  })

  it('removes the target again when the file ends at a chunk border', async () => {
    const whole = readFileSync(await sealed())
    const lastChunk = (plaintext.length % 65_536) + 16
    const target = fresh()
    const cut = file(whole.subarray(0, whole.length - lastChunk))
    expect(await openWithPassword(cut, target, typed)).toMatchObject({ status: 1 })
    expect(existsSync(target)).toBe(false)
  })

  it('opens a kept key into a file of an age identity', async () => {
    const target = fresh()
    const kept = file(await sealKey(key, typedPassword()))
    expect(await openWithPassword(kept, target, typed)).toMatchObject({ status: 0 })
    expect(readFileSync(target, 'utf8')).toBe(`${key.identity()}\n`)
  })

  it('opens what has the default cost', async () => {
    const [source, target] = [fresh(), fresh()]
    await sealFile(file('short'), source, { to: password(typed), sync: false })
    expect(await openWithPassword(source, target, typed)).toMatchObject({ status: 0 })
    expect(readFileSync(target, 'utf8')).toBe('short')
  })
})

describe('key-to-identity.mjs', () => {
  const { key, check, identity } = section4
  const rows = key
    .match(/.{16}/g)
    ?.map((row) => row.match(/.{4}/g)?.join(' '))
    .join('\n')

  it.each([key, `${key}\n`, key.toUpperCase(), `${rows}\n${check}\n`, `${key}-${check}`])(
    'prints the identity of the key typed as %j',
    async (typed) => {
      expect(await run('key-to-identity.mjs', [], typed)).toEqual({ status: 0, output: `${identity}\n`, errors: '' })
    },
  )

  it.each([key.slice(1), `${key}0`, `${key}0000`, key.replace(/^./, 'O')])('refuses %j', async (typed) => {
    expect(await run('key-to-identity.mjs', [], typed)).toMatchObject({ status: 1, output: '' })
  })
})

describe('the programs of docs/recover', () => {
  it.each(['open-with-password.mjs', 'key-to-identity.mjs'])('%s is short and uses no code of ours', (script) => {
    const lines = readFileSync(join(recover, script), 'utf8').trimEnd().split('\n')
    const imported = lines.flatMap((line) => line.match(/(?:from|import) '([^']+)'/)?.[1] ?? [])
    const foreign = imported.filter((name) => !name.startsWith('node:'))
    expect(lines.length).toBeLessThan(36)
    expect(['age-encryption', 'hash-wasm', '@scure/base']).toEqual(expect.arrayContaining(foreign))
  })
})
