// npm run quickstart [-- FOLDER]: builds holdfast, backs the folder up to ./holdfast-backup, and shows what that is worth.
// Without FOLDER it makes one. A FILE instead is sealed and opened, alone.
// node examples/quickstart.mjs --built [--mib SIZE] [PATH]: the same, with what is built already; a made folder of SIZE.
import { existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { prepare } from '../.ci/prepare.mjs'
import { provideKey } from './quickstart/key.mjs'
import { root, stateFolder, workFolder } from './quickstart/places.mjs'
import { shell } from './quickstart/words.mjs'

const say = (line = '') => console.log(line)
const controller = new AbortController()
const { signal } = controller
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => {
    if (signal.aborted) process.exit(130)
    controller.abort(new Error(`stopped by ${name}`))
  })
}

const here = process.env.INIT_CWD ?? process.cwd()
const backup = join(here, 'holdfast-backup')
let folder
let key
let next
try {
  const { values, positionals } = parseArgs({
    options: { built: { type: 'boolean' }, mib: { type: 'string' } },
    allowPositionals: true,
  })
  const [path] = positionals
  const chosen = path === undefined ? undefined : await choose(resolve(here, path))
  if (values.built !== true) await prepare({ say })
  signal.throwIfAborted()
  const holdfast = await import(pathToFileURL(join(root, 'dist', 'index.js')).href)
  folder = await workFolder()
  key = await provideKey(holdfast, say)
  next = await tell({ holdfast, key, folder, backup, say, signal }, chosen, values.mib)
} catch (error) {
  say()
  const reason = signal.aborted ? signal.reason : error
  console.error(`quickstart: ${reason instanceof Error ? reason.message : reason}`)
  if (typeof reason?.hint === 'string') console.error(reason.hint)
  process.exitCode = signal.aborted ? 130 : 1
} finally {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
}
if (folder !== undefined) sayWhatStays()
if (next !== undefined) sayNext(next)

async function choose(path) {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() || found?.isDirectory()) return { path, isFile: found.isFile() }
  throw new Error(`there is no folder and no file at ${path}`)
}

/** Imported late: it needs the npm packages. */
async function tell(story, chosen, mib) {
  if (chosen?.isFile) {
    const { tellOfFile } = await import('./quickstart/sealing.mjs')
    return tellOfFile(story, chosen.path)
  }
  const { tellOfFolder } = await import('./quickstart/backups.mjs')
  const restored = join(here, 'holdfast-restored')
  return tellOfFolder({ ...story, restored }, chosen?.path, mib === undefined ? undefined : Number(mib))
}

function sayWhatStays() {
  say('\nEverything that was made for this is removed, but for what is yours now:')
  if (existsSync(backup)) say(`    the backup  ${backup}`)
  if (key !== undefined) say(`    its key     ${key.path}`)
  if (existsSync(backup)) say(`What this machine remembers of it is in ${stateFolder()}, and may be deleted.`)
}

/** Three commands that work as they stand, with the person's own paths. */
function sayNext(commands) {
  const program = relative(here, join(root, 'dist', 'cli', 'main.js'))
  say('\nTry next:\n')
  for (const words of commands) say(`    ${shell('node', program, ...words)}`)
  say()
}
