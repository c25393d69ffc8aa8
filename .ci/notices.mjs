// Writes the licences of the crates that are linked into the addon beside it, as their authors ask.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './command.mjs'

const OUTPUT = 'ts/native/generated/THIRD-PARTY-LICENSES.txt'

const [, host] = /^host: (.*)$/m.exec(run('rustc', ['-vV']))
const { packages, resolve } = JSON.parse(run('cargo', ['metadata', '--format-version=1', `--filter-platform=${host}`]))
const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))
const addon = packages.find(({ name }) => name === 'holdfast-node')

const linked = new Set()
follow(addon.id)
const theirs = packages.filter(({ id, source }) => linked.has(id) && source !== null)
theirs.sort((one, other) => (one.name < other.name ? -1 : 1))
mkdirSync(dirname(join(root, OUTPUT)), { recursive: true })
writeFileSync(join(root, OUTPUT), theirs.map(notice).join('\n'))

function run(program, args) {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 })
}

/** Normal dependencies only: what builds or tests the addon is not in it, and procedural macros are harmless here. */
function follow(id) {
  if (linked.has(id)) return
  linked.add(id)
  for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
    if (kinds.some(({ kind }) => kind === null)) follow(pkg)
  }
}

function notice({ name, version, license, manifest_path: manifest }) {
  const folder = dirname(manifest)
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  const chosen = files.filter((file) => /mit/i.test(file))
  const texts = (chosen.length > 0 ? chosen : files).map((file) => read(join(folder, file)))
  return [`${name} ${version} (${license})`, ...texts, ''].join('\n\n')
}

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (error.code === 'EISDIR')
      return readdirSync(path)
        .map((file) => read(join(path, file)))
        .join('\n\n')
    throw error
  }
}
