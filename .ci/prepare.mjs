// Installs and builds what is out of date, and only that. Import it after the preflight.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { root, run } from './command.mjs'

/** The lockfile was made on Linux and names no packages of other systems, which npm then leaves out. */
const LOCK = process.platform === 'linux' ? [] : ['--no-package-lock']

/** The build of the addon names its target, and so has a folder of its own. */
const HOST = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))?.[1] ?? ''

const CORE = ['Cargo.toml', 'Cargo.lock', 'crates', 'package.json', '.ci/notices.mjs']
const PRODUCTS = {
  'npm packages': {
    inputs: ['package.json', 'package-lock.json'],
    output: 'node_modules',
    steps: [['install', '--no-save', ...LOCK, '--loglevel=error']],
  },
  crates: {
    inputs: CORE,
    output: `target/${HOST}/release`,
    program: 'cargo',
    steps: [['build', '--quiet', '--release', '--package', 'holdfast-node', '--target', HOST]],
  },
  addon: {
    inputs: CORE,
    output: 'ts/native/generated',
    steps: [['run', '--silent', 'build:addon']],
  },
  'faulty addon': {
    inputs: CORE,
    output: 'target/faults',
    steps: [['run', '--silent', 'build:addon:faults']],
  },
  library: {
    inputs: ['ts', 'tsconfig.json', 'package.json', 'package-lock.json', '.ci/bundle.mjs'],
    output: 'dist',
    // A file that was renamed in the sources must not live on in the package.
    clean: true,
    steps: [
      ['run', '--silent', 'build:ts'],
      ['run', '--silent', 'build:cli'],
    ],
  },
}

/**
 * Makes the working copy ready to run: npm packages, addon, library and command line; with `faults`, the addon that
 * fails on demand as well. `say` gets one line before and one after whatever is built.
 *
 * @param {{ faults?: boolean, say?: (line: string) => void }} [options]
 * @returns {Promise<void>} Rejects when a step fails; its output has been printed by then.
 */
export async function prepare({ faults = false, say = (line) => console.log(line) } = {}) {
  // Cargo's part of the addon needs no npm package, and npm waits for the network meanwhile.
  await Promise.all([build('npm packages', say), build('crates', say)])
  await build('addon', say)
  if (faults) await build('faulty addon', say)
  await build('library', say)
}

async function build(name, say) {
  const { inputs, output, clean = false, program = 'npm', steps } = PRODUCTS[name]
  const stamp = join(root, 'target', 'stamps', name.replace(' ', '-'))
  const now = await digest(inputs)
  const before = existsSync(stamp) ? await readFile(stamp, 'utf8') : ''
  if (now === before && existsSync(join(root, output))) return
  say(`${name} …`)
  const begun = performance.now()
  await rm(stamp, { force: true })
  if (clean) await rm(join(root, output), { recursive: true, force: true })
  for (const args of steps) {
    const { code } = await run(program, args, { quiet: true })
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed; its output is above`)
  }
  await mkdir(dirname(stamp), { recursive: true })
  await writeFile(stamp, now)
  say(`${name} done in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}

/** SHA-256 over names and contents: unlike modification times, it notices a file that is gone. */
async function digest(inputs) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const path of (await Promise.all(inputs.map((input) => filesBelow(join(root, input))))).flat().sort()) {
    hash.update(`\0${relative(root, path)}\0`).update(await readFile(path))
  }
  return hash.digest('hex')
}

async function filesBelow(path) {
  if (!(await stat(path)).isDirectory()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const kept = entries.filter(({ name }) => !['generated', 'target', 'tests', 'fuzz', 'benches'].includes(name))
  return (await Promise.all(kept.map(({ name }) => filesBelow(join(path, name))))).flat()
}
