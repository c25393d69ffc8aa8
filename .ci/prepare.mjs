// Installs and builds what is out of date, and only that. Import it after the preflight.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { root, run } from './command.mjs'

const CORE = ['Cargo.toml', 'Cargo.lock', '.cargo', 'crates', 'package.json', '.ci/notices.mjs']
const PRODUCTS = {
  addon: { inputs: CORE, output: 'ts/native/generated', steps: ['build:addon'] },
  faults: { inputs: CORE, output: 'target/faults', steps: ['build:addon:faults'] },
  library: {
    inputs: ['ts', 'tsconfig.json', 'package.json', 'package-lock.json', '.ci/bundle.mjs'],
    output: 'dist',
    steps: ['build:ts', 'build:cli'],
  },
}

/** The lockfile was made on Linux and names no packages of other systems, which npm then leaves out. */
const LOCK = process.platform === 'linux' ? [] : ['--no-package-lock']

/**
 * Makes the working copy ready to run: npm packages, addon, library and command line; with `faults`, the addon that
 * fails on demand as well. `say` gets one line before and one after each step that takes time.
 *
 * @param {{ faults?: boolean, say?: (line: string) => void }} [options]
 * @returns {Promise<void>} Rejects when a step fails; its output has been printed by then.
 */
export async function prepare({ faults = false, say = (line) => console.log(line) } = {}) {
  if (await installIsOld()) await step(say, 'npm packages', ['install', '--no-save', ...LOCK, '--loglevel=error'])
  await build('addon', say)
  if (faults) await build('faults', say)
  await build('library', say)
}

async function installIsOld() {
  const installed = await modified('node_modules/.package-lock.json')
  return installed < (await modified('package-lock.json')) || installed < (await modified('package.json'))
}

async function modified(path) {
  return existsSync(join(root, path)) ? (await stat(join(root, path))).mtimeMs : 0
}

async function build(name, say) {
  const { inputs, output, steps } = PRODUCTS[name]
  const stamp = join(root, 'target', 'stamps', name)
  const now = await digest(inputs)
  const before = existsSync(stamp) ? await readFile(stamp, 'utf8') : ''
  if (now === before && existsSync(join(root, output))) return
  await rm(stamp, { force: true })
  // A file that was renamed in the sources must not live on in the package.
  if (name === 'library') await rm(join(root, output), { recursive: true, force: true })
  for (const script of steps) await step(say, script.replace(':', ' '), ['run', '--silent', script])
  await mkdir(join(root, 'target', 'stamps'), { recursive: true })
  await writeFile(stamp, now)
}

async function step(say, name, args) {
  say(`${name} …`)
  const begun = performance.now()
  const { code } = await run('npm', args, { quiet: true })
  if (code !== 0) throw new Error(`${name} failed; its output is above`)
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
  const kept = entries.filter(({ name }) => name !== 'generated' && name !== 'target')
  return (await Promise.all(kept.map(({ name }) => filesBelow(join(path, name))))).flat()
}
