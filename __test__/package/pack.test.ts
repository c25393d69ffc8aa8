import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const PROGRAM = `
import { generateKey, openFile, parseKey, sealFile, version } from 'holdfast'
import { readFile, writeFile } from 'node:fs/promises'

const key = generateKey()
await writeFile('plain', 'kept for later')
await sealFile('plain', 'sealed.age', { to: key })
await openFile('sealed.age', 'opened', { with: parseKey(key.format()) })
console.log(JSON.stringify({ version, opened: await readFile('opened', 'utf8') }))
`

const S3_PROGRAM = `
import { s3 } from 'holdfast/s3'

await s3({ bucket: 'bucket' }).stat('a').catch((error) => console.log(JSON.stringify(error)))
`

const TYPED = `
import { generateKey, isHoldfastError, type Recipient, sealFile } from 'holdfast'

const to: Recipient[] = [generateKey(), 'age1example']
const made: { readonly sealedBytes: number } = await sealFile('a', 'b', { to })
console.log(made.sealedBytes, isHoldfastError(undefined, 'WRONG_CREDENTIAL'))
// @ts-expect-error: a bare password is not a recipient
await sealFile('a', 'b', { to: 'hunter2' })
`

describe('the packed package in an empty folder', () => {
  let folder: string
  let packed: { filename: string; files: { path: string }[] }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast package '))
    const [answer] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], '.'))
    packed = answer
    await writeFile(join(folder, 'package.json'), '{ "private": true }')
    run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`])
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('brings no other package with it', async () => {
    const lock = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'))
    expect(Object.keys(lock.packages)).toEqual(['node_modules/holdfast'])
  })

  it('has the library, the command, the addon and the licences, and no sources or tests', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE-APACHE',
        'LICENSE-MIT',
        'README.md',
        'dist/cli/THIRD-PARTY-LICENSES.txt',
        'dist/cli/main.js',
        'dist/index.d.ts',
        'dist/index.js',
        'ts/native/generated/THIRD-PARTY-LICENSES.txt',
      ]),
    )
    expect(paths.filter((path) => /^ts\/(?!native\/generated\/)|test|crates|target/.test(path))).toEqual([])
  })

  it('seals and opens a file', async () => {
    await writeFile(join(folder, 'program.mjs'), PROGRAM)
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    expect(JSON.parse(run(process.execPath, ['program.mjs']))).toEqual({ version, opened: 'kept for later' })
  })

  it('says which package s3 needs', async () => {
    await writeFile(join(folder, 's3.mjs'), S3_PROGRAM)
    expect(JSON.parse(run(process.execPath, ['s3.mjs']))).toMatchObject({
      name: 'PlatformError',
      code: 'PACKAGE_MISSING',
      message: 'package @aws-sdk/client-s3 is not installed',
      details: { package: '@aws-sdk/client-s3' },
    })
  })

  it('has a command that knows its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    expect(run(join(folder, 'node_modules/.bin/holdfast'), ['--version'])).toContain(version)
  })

  it('type-checks where it is used', async () => {
    await writeFile(join(folder, 'typed.mts'), TYPED)
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,esnext.disposable',
    ]
    const types = ['--types', 'node', '--typeRoots', resolve('node_modules/@types')]
    run(resolve('node_modules/.bin/tsc'), [...flags, ...types, 'typed.mts'])
  })

  function run(command: string, args: string[], cwd = folder): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${error ?? ''}${stdout}${stderr}`)
    return stdout
  }
})
