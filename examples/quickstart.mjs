// npm run quickstart [-- FILE]: builds holdfast and shows its main job on a real file.
// node examples/quickstart.mjs --built [FILE]: the same, with what is built already.
import { existsSync } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from '../.ci/prepare.mjs'
import { digestByAge, findAge } from './quickstart/age.mjs'
import { copyFlipped, copyPlainly, digestOf, writeRandom } from './quickstart/material.mjs'
import { affordableBytes, checkRoom, keyPath, root, workFolder } from './quickstart/places.mjs'
import { shell, size, time } from './quickstart/words.mjs'

const SEED = 'holdfast quickstart'
const CHUNK = 65_536
const SEALED_CHUNK = CHUNK + 16
const PAYLOAD_NONCE = 16

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
const built = process.argv[2] === '--built'
const [path] = process.argv.slice(built ? 3 : 2)
const chosen = path === undefined ? undefined : resolve(here, path)
let folder
let key
try {
  if (chosen !== undefined && !(await isFile(chosen))) throw new Error(`there is no file at ${chosen}`)
  if (!built) await prepare({ say })
  signal.throwIfAborted()
  const holdfast = await import(pathToFileURL(join(root, 'dist', 'index.js')).href)
  folder = await workFolder()
  key = await provideKey(holdfast)
  const file = await provideFile()
  await tell(holdfast, file)
} catch (error) {
  say()
  const reason = signal.aborted ? signal.reason : error
  console.error(`quickstart: ${reason instanceof Error ? reason.message : reason}`)
  if (typeof reason?.hint === 'string') console.error(reason.hint)
  process.exitCode = signal.aborted ? 130 : 1
} finally {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
}
if (folder !== undefined)
  say(`\nThe big files are removed.${key === undefined ? '' : ` The key stays in ${key.path}.`}`)
if (process.exitCode === undefined) sayNext()

async function isFile(path) {
  return (await stat(path).catch(() => undefined))?.isFile() === true
}

/** The key of the last run, or a new one, saved as a key file. */
async function provideKey({ generateKey, parseKey }) {
  const path = await keyPath()
  const kept = existsSync(path)
  const handle = kept ? parseKey(identityIn(await readFile(path, 'utf8'))) : generateKey()
  if (!kept) {
    const text = `# The key of holdfast's quickstart, an age identity.\n${handle.identity()}\n`
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  }
  say()
  say(kept ? 'Your 64-digit key, from the last time:' : 'Your 64-digit key:')
  say()
  for (const row of handle.format().split('\n')) say(`    ${row}`)
  say()
  say(`    check group ${handle.check}; saved in ${path}`)
  say('    readable by you alone (0600), also an identity file for age')
  say()
  return { path, handle }
}

function identityIn(text) {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n')
}

/** The file to work on: the person's own, which is only read, or random bytes. */
async function provideFile() {
  if (chosen !== undefined) {
    const { size: bytes } = await stat(chosen)
    await checkRoom(folder, bytes)
    say(`The file: ${chosen}, ${size(bytes)}. It is only read.`)
    return { path: chosen, bytes }
  }
  const path = join(folder, 'random.bin')
  const bytes = await affordableBytes(folder)
  say(`The file: ${size(bytes)} of random bytes.`)
  await writeRandom(path, bytes, SEED, signal)
  return { path, bytes }
}

async function tell(holdfast, file) {
  const original = await digestOf(file.path, signal)
  const sealed = join(folder, 'file.age')
  await sealBesideCopy(holdfast, file, sealed)
  await tryWrongKey(holdfast, sealed)
  await tryDamage(holdfast, file, sealed)
  await openAgain(holdfast, file, sealed, original)
  await openByAge(sealed, original)
}

async function sealBesideCopy({ sealFile }, file, sealed) {
  const copy = join(folder, 'copy.bin')
  const copying = await timed(() => copyPlainly(file.path, copy, signal))
  await rm(copy)
  const sealing = await timed(() => sealFile(file.path, sealed, { to: key.handle, signal }))
  const rate = size((file.bytes * 1000) / sealing.took)
  say(`  sealed at ${rate}/s: ${time(sealing.took)} until it was on the disk; a plain copy took ${time(copying.took)}`)
}

async function tryWrongKey({ generateKey, openFile }, sealed) {
  const target = join(folder, 'wrong.bin')
  const other = generateKey()
  const { error, took } = await refused(() => openFile(sealed, target, { with: other, signal }))
  other.close()
  expect(error.code === 'WRONG_CREDENTIAL' && !existsSync(target), 'a wrong key was not refused')
  say(`  a wrong key: refused after ${time(took)} (${error.code}), nothing written`)
}

async function tryDamage({ inspect, openFile }, file, sealed) {
  const [damaged, target] = [join(folder, 'damaged.age'), join(folder, 'damaged.bin')]
  const chunk = Math.floor(Math.max(0, file.bytes - 1) / CHUNK / 2)
  const { headerBytes } = await inspect(sealed)
  const offset = headerBytes + PAYLOAD_NONCE + chunk * SEALED_CHUNK
  await copyFlipped(sealed, damaged, offset)
  const { error } = await refused(() => openFile(damaged, target, { with: key.handle, signal }))
  await rm(damaged)
  const named = error.code === 'CHUNK_CORRUPT' && error.details.chunk === chunk && error.details.offset === offset
  expect(named && !existsSync(target), 'a flipped byte was not named')
  say(`  one flipped byte in a copy: found in chunk ${chunk}, at byte ${offset}; nothing written`)
}

async function openAgain({ openFile }, file, sealed, original) {
  const opened = join(folder, 'opened.bin')
  const { took } = await timed(() => openFile(sealed, opened, { with: key.handle, signal }))
  expect((await digestOf(opened, signal)) === original, 'the opened file differs from the original')
  await rm(opened)
  say(`  opened at ${size((file.bytes * 1000) / took)}/s, and compared: equal to the original`)
}

async function openByAge(sealed, original) {
  const age = findAge()
  if (!age.opens) {
    const found = age.version === undefined ? 'age is not found in PATH' : `age ${age.version} is found`
    say(`  by another program: not tried, ${found}; age 1.3 or newer opens the file too`)
    return
  }
  expect((await digestByAge(sealed, key.path, signal)) === original, 'age opened something else')
  say(`  opened by age ${age.version} too, and compared: equal to the original`)
}

/** Three commands that work as they stand, with the person's own paths. */
function sayNext() {
  const program = relative(here, join(root, 'dist', 'cli', 'main.js'))
  const file = chosen ?? join(root, 'README.md')
  const next = [
    ['seal', file, '--key-file', key.path],
    ['verify', `${file}.age`, '--key-file', key.path],
    ['open', `${file}.age`, '-o', `${file}.opened`, '--key-file', key.path],
  ]
  say('Try next:')
  say()
  for (const words of next) say(`    ${shell('node', program, ...words)}`)
  say()
}

async function timed(work) {
  const begun = performance.now()
  const value = await work()
  return { value, took: performance.now() - begun }
}

/** The typed error that `work` must end with. */
async function refused(work) {
  const begun = performance.now()
  try {
    await work()
  } catch (error) {
    signal.throwIfAborted()
    return { error, took: performance.now() - begun }
  }
  throw new Error('what must not open did open')
}

function expect(condition, otherwise) {
  if (!condition) throw new Error(`${otherwise}: please report this`)
}
