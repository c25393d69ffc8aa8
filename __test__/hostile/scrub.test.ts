import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRepository, generateKey, localFolder, password } from '../../ts/index.ts'
import { content, testFolder } from '../seal/folder.ts'

const folder = testFolder()

/** Lists every object beside the SHA-256 that its name has, as `sha256sum --check` takes it. */
const LIST = String.raw`find . -name '*.age' | sed -E 's,^(.*[/-]([0-9a-f]{64})\.age)$,\2  \1,'`

/** Makes a repository with objects of every kind that a backup stores. */
async function makeRepository(): Promise<string[]> {
  const [key, word] = [generateKey(), password('correct horse battery', { cost: 'interactive' })]
  mkdirSync(folder.at('source'))
  await using repository = await createRepository(localFolder(folder.at('backup')), { to: [key, word], stateDir: null })
  for (const seed of [1, 2]) {
    writeFileSync(folder.at(`source/${seed}`), content(300_000, seed))
    await repository.backup(folder.at('source'))
  }
  const names = readdirSync(folder.at('backup'), { recursive: true, encoding: 'utf8' })
  return names.map((name) => join(folder.at('backup'), name)).filter((path) => lstatSync(path).isFile())
}

const scrub = () => {
  const list = execFileSync('sh', ['-c', LIST], { cwd: folder.at('backup'), encoding: 'utf8' })
  const { status, stdout } = spawnSync('sha256sum', ['--check'], {
    cwd: folder.at('backup'),
    input: list,
    encoding: 'utf8',
  })
  return { status, lines: stdout.trim().split('\n') }
}

describe('sha256sum alone', () => {
  it('checks every object of a backup but the two clear files', async () => {
    const paths = await makeRepository()
    const { status, lines } = scrub()
    expect(status).toBe(0)
    expect(lines.every((line) => line.endsWith(': OK'))).toBe(true)
    const clear = paths.filter((path) => !path.endsWith('.age')).map((path) => basename(path))
    expect(clear.sort()).toEqual(['epoch.json', 'holdfast.json'])
    expect(lines).toHaveLength(paths.length - clear.length)
    const kinds = new Set(lines.map((line) => line.split('/')[2]))
    expect([...kinds].sort()).toEqual(['complete', 'indexes', 'keyring', 'packs', 'snapshots'])
  })

  it('names the one that a bit was flipped in', async () => {
    for (const path of await makeRepository()) {
      if (!path.endsWith('.age')) continue
      const bytes = readFileSync(path)
      writeFileSync(path, Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) ^ 0x40)]))
      const { status, lines } = scrub()
      expect(status).toBe(1)
      expect(lines.filter((line) => !line.endsWith(': OK'))).toEqual([expect.stringContaining(basename(path))])
      writeFileSync(path, bytes)
    }
  })
})
