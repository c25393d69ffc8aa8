// Says in one sentence what this machine lacks, before anything is installed.
// Old syntax on purpose: it has to run on a Node that is too old for the rest.
import { spawnSync } from 'child_process'
import fs from 'fs'
import { delimiter, dirname, join } from 'path'
import { fileURLToPath } from 'url'

const GIB = 1024 * 1024 * 1024
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * What is missing, as parts of one sentence.
 *
 * `machine` answers: node (version), platform, has(program), versionOf(program, args) and freeBytes().
 */
export function missing(machine, needed) {
  const found = []
  if (!atLeast(machine.node, needed.node)) {
    found.push(`Node ${needed.node} or newer (this is ${machine.node})`)
  }
  if (!machine.has('npm')) found.push('npm (it comes with Node)')
  found.push(...missingRust(machine, needed))
  if (machine.platform !== 'win32' && !machine.has('cc')) {
    found.push('a C compiler named cc (on Debian: apt install build-essential; on macOS: xcode-select --install)')
  }
  const free = machine.freeBytes()
  if (free !== null && free < needed.diskBytes) {
    found.push(`${gib(needed.diskBytes)} GiB of free disk space (there are ${gib(free)})`)
  }
  return found
}

function missingRust(machine, needed) {
  const install = `Rust ${needed.rust} or newer with cargo`
  if (!machine.has('cargo') || !machine.has('rustc')) return [`${install} (install it with rustup)`]
  const rustc = machine.versionOf('rustc', ['--version'])
  if (rustc === null || !atLeast(rustc, needed.rust)) {
    return [`${install} (this is ${rustc === null ? 'of unknown version' : rustc}; run rustup update)`]
  }
  return needed.components
    .filter(function absent(name) {
      return machine.versionOf('cargo', [name, '--version']) === null
    })
    .map(function advise(name) {
      return `cargo ${name} (run rustup component add ${name === 'fmt' ? 'rustfmt' : name})`
    })
}

/** One sentence, or an empty string when nothing is missing. */
export function sentence(parts) {
  if (parts.length === 0) return ''
  const last = parts[parts.length - 1]
  const list = parts.length === 1 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`
  return `holdfast cannot be built here yet: it needs ${list}.`
}

function thisMachine() {
  return {
    node: process.versions.node,
    platform: process.platform,
    has: has,
    versionOf: versionOf,
    freeBytes: function freeBytes() {
      if (typeof fs.statfsSync !== 'function') return null
      const disk = fs.statfsSync(root)
      return disk.bavail * disk.bsize
    },
  }
}

function has(program) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : ['']
  return (process.env.PATH || '').split(delimiter).some(function inFolder(folder) {
    return endings.some(function withEnding(ending) {
      try {
        fs.accessSync(join(folder, program + ending), fs.constants.X_OK)
        return folder !== ''
      } catch (_) {
        return false
      }
    })
  })
}

function versionOf(program, args) {
  const answer = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  const match = answer.status === 0 ? /(\d+\.\d+\.\d+)/.exec(answer.stdout) : null
  return match === null ? null : match[1]
}

function needs(forTests) {
  const floor = /^rust-version = "([\d.]+)"/m.exec(fs.readFileSync(join(root, 'Cargo.toml'), 'utf8'))
  const node = /([\d.]+)/.exec(JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8')).engines.node)
  return {
    node: node[1],
    rust: floor[1],
    components: forTests ? ['fmt', 'clippy'] : [],
    diskBytes: (fs.existsSync(join(root, 'target')) ? 1 : 3) * GIB,
  }
}

function atLeast(version, floor) {
  const have = version.split('.').map(Number)
  const want = floor.split('.').map(Number)
  for (let place = 0; place < want.length; place += 1) {
    if (have[place] !== want[place]) return have[place] > want[place]
  }
  return true
}

function gib(bytes) {
  return String(Math.floor((bytes / GIB) * 10) / 10)
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const said = sentence(missing(thisMachine(), needs(process.argv.indexOf('--tests') !== -1)))
  if (said !== '') {
    process.stderr.write(`${said}\n`)
    process.exitCode = 1
  }
}
