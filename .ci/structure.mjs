// Checks what no linter knows: lengths of files, who imports whom, words and names that this project does not use.
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, posix } from 'node:path'
import { pathToFileURL } from 'node:url'

const SOURCE_LINES = 400
const TEST_LINES = 500
const SKIPPED = new Set(['.git', 'node_modules', 'target', 'dist', 'generated', 'external', 'coverage', 'corpus'])

/** For each part of ts/, the parts it may import. Parts: a folder of ts/, or a file beside them without its ending. */
const MAY_IMPORT = {
  errors: [],
  abort: [],
  arguments: ['errors'],
  progress: ['errors'],
  native: ['errors', '#addon'],
  'file-path': ['arguments', 'errors'],
  destinations: ['abort', 'arguments', 'errors'],
  configure: ['native', 'arguments', 'errors'],
  call: ['native', 'configure', 'abort', 'progress', 'arguments', 'errors'],
  credentials: ['native', 'call', 'arguments', 'errors'],
  seal: ['native', 'call', 'credentials', 'file-path', 'arguments', 'progress', 'errors'],
  backup: ['native', 'call', 'credentials', 'destinations', 'file-path', 'abort', 'arguments', 'progress', 'errors'],
  index: [
    'native',
    'call',
    'configure',
    'credentials',
    'destinations',
    'seal',
    'backup',
    'file-path',
    'progress',
    'errors',
  ],
  cli: ['index'],
}

/** For each crate, the crates of ours and the kinds of library it must not know. */
const MUST_NOT_DEPEND = {
  'crates/seal/Cargo.toml': /^(napi[\w-]*|tokio|async-std|reqwest|hyper|holdfast-(?:node|repository))\b/gm,
  'crates/repository/Cargo.toml': /^(napi[\w-]*|tokio|async-std|reqwest|hyper|holdfast-node)\b/gm,
}

const WORDS = [
  {
    where: /^(ts|crates\/[^/]+\/src|__test__|examples|\.ci|benchmark)\//,
    word: /\b(TO[D]O|FIX[M]E)\b(?! #\d)/,
    say: 'work left without an issue number',
  },
  { where: /^ts\/(?!native\/)/, word: /native\/generated/, say: 'only ts/native imports the addon' },
  {
    where: /^ts\//,
    word: /from '(node:)?process'/,
    say: 'importing it opens process.stdin, and makes a piped standard input non-blocking for the addon',
  },
  { where: /^ts\//, word: /\bpass ?phrases?\b/i, say: 'the word is password' },
  {
    where: /^__test__\//,
    word: /\b(it|test|describe)(\.\w+)*\.(skip|only|todo)\b/,
    say: 'a test that does not run, or the only one',
  },
  { where: /^package-lock\.json$/, word: /"resolved"/, say: 'the lockfile names a registry' },
]
const NAMES = /^(utils?|helpers?|common|misc|shared|types)\.(ts|mjs|rs)$/

/** Every finding in the tree at `root`, as `path:line: what`. */
export async function findings(root) {
  const files = await read(root)
  return [
    ...files.flatMap(lengths),
    ...files.flatMap(words),
    ...files.filter(({ path }) => NAMES.test(basename(path))).map(({ path }) => `${path}:1: the name says nothing`),
    ...files.flatMap(crates),
    ...layers(files),
    ...cycles(files),
  ].sort()
}

async function read(root, folder = '') {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  const found = entries
    .filter(({ name }) => !SKIPPED.has(name))
    .map(async (entry) => {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) return read(root, path)
      const checked = /\.(ts|mjs|rs|toml)$/.test(path) || path === 'package-lock.json'
      return checked ? [{ path, text: await readFile(join(root, path), 'utf8') }] : []
    })
  return (await Promise.all(found)).flat()
}

function lengths({ path, text }) {
  if (!/\.(ts|mjs|rs)$/.test(path)) return []
  const [source = ''] = text.split(/^#\[cfg\(test\)\]\nmod /m)
  const isTest = /(^__test__|\/tests)\//.test(path)
  return [
    ...over(path, source, isTest ? TEST_LINES : SOURCE_LINES, isTest ? 'a test file' : 'a source file'),
    ...(source.length < text.length ? over(path, text, TEST_LINES, 'a source file with its tests') : []),
  ]
}

function over(path, text, most, what) {
  const lines = text.trimEnd().split('\n').length
  return lines > most ? [`${path}:${lines}: ${what} stops at ${most} lines`] : []
}

function words({ path, text }) {
  return WORDS.filter(({ where }) => where.test(path)).flatMap(({ word, say }) =>
    text.split('\n').flatMap((line, index) => (word.test(line) ? [`${path}:${index + 1}: ${say}`] : [])),
  )
}

function crates({ path, text }) {
  const forbidden = MUST_NOT_DEPEND[path]
  if (forbidden === undefined) return []
  return [...text.matchAll(forbidden)].map(([name]) => `${path}:1: this crate must not depend on ${name}`)
}

function layers(files) {
  return files.flatMap((file) => {
    const from = part(file.path)
    if (from === undefined) return []
    const allowed = MAY_IMPORT[from]
    if (allowed === undefined) return [`${file.path}:1: ${from} has no place among the layers of .ci/structure.mjs`]
    return imports(file).flatMap(({ target, line }) => {
      if (target === '#addon' && from !== 'native') {
        return [`${file.path}:${line}: only ts/native imports the addon`]
      }
      const to = target === '#addon' ? '#addon' : part(target)
      return to === undefined || to === from || allowed.includes(to)
        ? []
        : [`${file.path}:${line}: ${from} must not import ${to}`]
    })
  })
}

function part(path) {
  return /^ts\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1]
}

/** Imports within the project (as paths from its root) and of the addon. */
function imports({ path, text }) {
  const pattern = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*'(#addon|\.[^']*)'/g
  return [...text.matchAll(pattern)].map((match) => ({
    target: match[1] === '#addon' ? match[1] : posix.join(dirname(path), match[1]),
    line: text.slice(0, match.index).split('\n').length,
  }))
}

function cycles(files) {
  const graph = new Map(
    files
      .filter(({ path }) => /\.(ts|mjs)$/.test(path))
      .map((file) => [file.path, imports(file).map(({ target }) => target)]),
  )
  const done = new Set()
  const found = []
  const visit = (path, trail) => {
    const begun = trail.indexOf(path)
    if (begun !== -1) found.push(`${path}:1: import cycle ${[...trail.slice(begun), path].join(' → ')}`)
    if (begun !== -1 || done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return found
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = await findings(process.argv[2] ?? '.')
  for (const line of found) console.error(line)
  process.exitCode = found.length === 0 ? 0 : 1
}
