import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { missing, sentence } from '../../.ci/preflight.mjs'

const GIB = 1024 ** 3
const NEEDED = { node: '20.19', rust: '1.89', components: ['fmt', 'clippy'], diskBytes: 3 * GIB }

describe('what the preflight finds missing', () => {
  it('is nothing on a machine that has everything', () => {
    expect(missing(machine(), NEEDED)).toEqual([])
    expect(sentence([])).toBe('')
  })

  it.each([
    ['an old Node', { node: '20.18.3' }, 'Node 20.19 or newer (this is 20.18.3)'],
    ['no npm', { absent: ['npm'] }, 'npm (it comes with Node)'],
    ['no cargo', { absent: ['cargo'] }, 'Rust 1.89 or newer with cargo (install it with rustup)'],
    ['an old Rust', { rustc: '1.88.9' }, 'Rust 1.89 or newer with cargo (this is 1.88.9; run rustup update)'],
    ['no rustfmt', { absent: ['fmt'] }, 'cargo fmt (run rustup component add rustfmt)'],
    ['no clippy', { absent: ['clippy'] }, 'cargo clippy (run rustup component add clippy)'],
    ['no C compiler', { absent: ['cc'] }, expect.stringMatching(/^a C compiler named cc /)],
    ['a full disk', { free: 2.96 * GIB }, '3 GiB of free disk space (there are 2.9)'],
  ])('names %s and nothing else', (_, differs, said) => {
    expect(missing(machine(differs), NEEDED)).toEqual([said])
  })

  it.each(['20.19.0', '20.20.2', '22.0.0', '100.1.0'])('accepts Node %s', (node) => {
    expect(missing(machine({ node }), NEEDED)).toEqual([])
  })

  it('asks for no C compiler on Windows, where Rust finds its own linker', () => {
    expect(missing(machine({ absent: ['cc'], platform: 'win32' }), NEEDED)).toEqual([])
  })

  it('is said in one sentence', () => {
    expect(sentence(missing(machine({ node: '18.1.0', absent: ['npm', 'cargo'] }), NEEDED))).toBe(
      'holdfast cannot be built here yet: it needs Node 20.19 or newer (this is 18.1.0), npm (it comes with Node) ' +
        'and Rust 1.89 or newer with cargo (install it with rustup).',
    )
  })
})

describe('the preflight as a program', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast preflight '))
  })

  afterEach(() => rm(folder, { recursive: true }))

  it('is silent where everything is there', () => {
    expect(preflight(process.env['PATH'] ?? '')).toEqual({ status: 0, said: '' })
  })

  it('fails with one line on a bare machine', () => {
    const { status, said } = preflight(folder)
    expect(status).toBe(1)
    expect(said).toMatch(/^holdfast cannot be built here yet: it needs npm .*, Rust .* and a C compiler .*\.\n$/)
  })

  it('reads the floor of Rust from Cargo.toml', async () => {
    for (const name of ['npm', 'cargo', 'cc']) await program(name, 'echo 1.0.0')
    await program('rustc', 'echo "rustc 1.70.0 (0000000 2023-01-01)"')
    expect(preflight(folder).said).toMatch(
      /needs Rust 1\.\d+ or newer with cargo \(this is 1\.70\.0; run rustup update\)\.\n$/,
    )
  })

  async function program(name: string, line: string): Promise<void> {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, name), `#!/bin/sh\n${line}\n`)
    await chmod(join(folder, name), 0o755)
  }

  function preflight(PATH: string): { status: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['.ci/preflight.mjs'], {
      env: { ...process.env, PATH },
      encoding: 'utf8',
    })
    return { status, said: stdout + stderr }
  }
})

interface Differs {
  node?: string
  platform?: string
  rustc?: string
  free?: number
  absent?: string[]
}

function machine({
  node = '20.19.0',
  platform = 'linux',
  rustc = '1.95.0',
  free = 9 * GIB,
  absent = [],
}: Differs = {}) {
  return {
    node,
    platform,
    has: (program: string) => !absent.includes(program),
    versionOf: (program: string, [component = '']: string[]) => {
      if (program === 'rustc') return rustc
      return absent.includes(component) ? null : '1.0.0'
    },
    freeBytes: () => free,
  }
}
