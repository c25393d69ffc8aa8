import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findings } from '../../.ci/structure.mjs'

const STDIN = ':1: importing it opens process.stdin, and makes a piped standard input non-blocking for the addon'

describe('the check of the tree', () => {
  let root: string

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-structure-'))
  })

  afterEach(() => rm(root, { recursive: true }))

  it('accepts a tree that keeps the rules', async () => {
    await files({
      'ts/native/binding.ts': "import type * as Addon from '#addon'\nrequire('#addon')\n",
      'ts/seal/seal-file.ts': "import { binding } from '../native/binding.ts'\n",
      'ts/cli/main.ts': "import { sealFile } from '../index.ts'\n",
      'crates/seal/src/lib.rs': `${'x\n'.repeat(399)}#[cfg(test)]\nmod tests {}\n`,
    })
    expect(await findings(root)).toEqual([])
  })

  it.each([
    ['a long source file', 'ts/seal/long.ts', 'x\n'.repeat(401), ':401: a source file stops at 400 lines'],
    ['a long test file', '__test__/long.test.ts', 'x\n'.repeat(501), ':501: a test file stops at 500 lines'],
    ['a file named for being shared', 'ts/seal/utils.ts', '', ':1: the name says nothing'],
    ['a second importer of the addon', 'ts/seal/a.ts', "import '#addon'", ':1: only ts/native imports the addon'],
    [
      'the library importing the command',
      'ts/seal/a.ts',
      "\nimport x from '../cli/main.ts'",
      ':2: seal must not import cli',
    ],
    [
      'the command importing the addon layer',
      'ts/cli/a.ts',
      "await import('../native/binding.ts')",
      ':1: cli must not import native',
    ],
    ['errors importing others', 'ts/errors.ts', "export { a } from './seal/a.ts'", ':1: errors must not import seal'],
    ['a new part without a place', 'ts/other/a.ts', '', ':1: other has no place among the layers of .ci/structure.mjs'],
    ['the core knowing Node', 'crates/seal/Cargo.toml', 'napi = "3"\n', ':1: this crate must not depend on napi'],
    ['a lockfile with a registry', 'package-lock.json', '{ "resolved": "" }', ':1: the lockfile names a registry'],
    ['a test left out', '__test__/a.test.ts', `it.${'skip'}()`, ':1: a test that does not run, or the only one'],
    ['the module of process', 'ts/seal/a.ts', "import { pid } from 'node:process'", STDIN],
    ['unfinished work', 'crates/seal/src/a.rs', `// ${'TO'}DO later`, ':1: work left without an issue number'],
  ])('refuses %s', async (_, path, text, said) => {
    await files({ [path]: text })
    expect(await findings(root)).toEqual([path + said])
  })

  it('refuses an import cycle and shows it', async () => {
    await files({
      'ts/seal/a.ts': "import './b.ts'",
      'ts/seal/b.ts': "import './c.ts'",
      'ts/seal/c.ts': "import './b.ts'",
    })
    expect(await findings(root)).toEqual(['ts/seal/b.ts:1: import cycle ts/seal/b.ts → ts/seal/c.ts → ts/seal/b.ts'])
  })

  async function files(tree: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(tree)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
  }
})
