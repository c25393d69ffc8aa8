// A folder: backed up, backed up again, restored and compared, checked, and damaged in a copy.
import { existsSync } from 'node:fs'
import { mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { compareFolders, measureFolder } from './compare.mjs'
import { integrityOf, messagesIn } from './database.mjs'
import { flipByte } from './material.mjs'
import { affordableBytes, checkRoom, hasRoom, root, stateFolder } from './places.mjs'
import { makeSample } from './sample.mjs'
import { tellOfOneFile } from './sealing.mjs'
import { expect, refused, timed, watched } from './steps.mjs'
import { counted, rate, size, time } from './words.mjs'

const MIB = 2 ** 20
/** Copies of the made folder that lie on the disk at one time: itself, its backup, and what is restored or damaged. */
const COPIES = 3
/** How far the clock of a file system may be behind. */
const CLOCK_MS = 1000
/** The largest file that is sealed singly at the end. */
const MOST_SEALED_BYTES = 2 ** 30

/**
 * The story of the folder at `path`, or of one that is made. `story.backup` is where the backup lies. Resolves to
 * commands to try next.
 */
export async function tellOfFolder(story, path, mib) {
  const made = path === undefined ? await provideSample(story, mib) : undefined
  const source = made?.path ?? (await realpath(path))
  const left = [await realPlace(story.backup), await realPlace(story.folder), await realPlace(stateFolder())]
  try {
    if (made === undefined) await sayFolder(story, source, left)
    const repository = await provideRepository(story)
    try {
      const last = await backUpTwice(story, repository, { source, made, left })
      await tryAround(story, repository, { source, made, left, last })
    } finally {
      await repository.close()
    }
    const { largest, largestBytes } = await measureFolder(source, left)
    if (largestBytes > 0 && largestBytes <= MOST_SEALED_BYTES) await tellOfOneFile(story, made?.film ?? largest)
  } finally {
    made?.writer.kill()
  }
  return commands(story, made === undefined ? source : join(root, 'docs'))
}

async function tryAround(story, repository, { source, made, left, last }) {
  const messages = await made?.writer.stop()
  await restoreAndCompare(story, repository, { source, left, ...last, messages })
  await checkWhole(story, repository)
  await tryDamage(story)
  await tryWrongKey(story)
}

async function provideSample({ folder, say, signal }, mib) {
  const path = join(folder, 'my folder')
  await mkdir(path)
  const made = await makeSample(path, mib === undefined ? await affordableBytes(folder, COPIES) : mib * MIB, signal)
  const { bytes } = await measureFolder(path)
  say(`The folder: ${made.said}; ${size(bytes)}.`)
  return { path, ...made }
}

async function sayFolder({ folder, backup, say }, source, left) {
  expect(source !== left[0], 'the folder is the backup itself')
  const { files, bytes } = await measureFolder(source, left)
  await checkRoom({ folder, bytes }, { folder: dirname(backup), bytes })
  say(`The folder: ${source}, ${counted(files, 'file')}, ${size(bytes)}. It is only read.`)
}

/** The backup of the last run, or a new one. */
async function provideRepository({ holdfast, key, backup, say, signal }) {
  const { createRepository, isHoldfastError, localFolder, openRepository } = holdfast
  const [store, common] = [localFolder(backup), { stateDir: stateFolder(), signal }]
  const away = 'move it away, or run this in another folder'
  try {
    const repository = await openRepository(store, { with: key.handle, ...common })
    say(`The backup: ${backup}, from the last time.`)
    return repository
  } catch (error) {
    if (isHoldfastError(error, 'WRONG_CREDENTIAL') || isHoldfastError(error, 'NO_SUCH_SLOT')) {
      throw new Error(`${backup} does not open with the key in ${key.path}: ${away}`)
    }
    if (!isHoldfastError(error, 'NOT_A_REPOSITORY')) throw error
  }
  const isFree =
    !existsSync(backup) || existsSync(join(backup, 'holdfast.json')) || (await readdir(backup)).length === 0
  if (!isFree) throw new Error(`${backup} holds something else: ${away}`)
  say(`The backup: ${backup}, a new one, which this key opens.`)
  return createRepository(store, { to: key.handle, ...common })
}

/** Two backups of the folder. Resolves to the second, and when it began. */
async function backUpTwice(story, repository, { source, made, left }) {
  const { say } = story
  const before = await made?.writer.committed()
  const first = await backUp(story, repository, source, left)
  say(`  backed up: ${costOf(first)}, ${rate(first.readBytes, first.took)}`)
  sayLeftOut(story, first)
  const during = made === undefined ? 0 : (await made.writer.committed()) - before
  if (made !== undefined) say(`    the other program committed ${counted(during, 'transaction')} meanwhile`)
  const changed = made === undefined ? 'right after it' : `after changes (${await made.change()})`
  const second = await backUp(story, repository, source, left)
  say(`  again, ${changed}:`)
  say(`    ${counted(second.files.new + second.files.changed, 'file')} new or changed; ${costOf(second)}`)
  return second
}

async function backUp({ signal, folder }, repository, source, left) {
  const since = Date.now() - CLOCK_MS
  const exclude = folder.startsWith(`${source}/`) ? { exclude: [`${basename(folder)}/`] } : {}
  const { value, took } = await timed(() =>
    watched('backing up', (onProgress) => repository.backup(source, { ...exclude, signal, onProgress })),
  )
  return { ...value, took, since, left }
}

function costOf({ readBytes, storedBytes, took }) {
  return `read ${size(readBytes)}, stored ${size(storedBytes)}, in ${time(took)}`
}

function sayLeftOut({ say }, { complete, unread, notStored }) {
  if (!complete) {
    say(
      `    ${counted(unread.length, 'file or folder', 'files or folders')} could not be read, and the snapshot says so`,
    )
  }
  if (notStored.length > 0) say(`    ${counted(notStored.length, 'socket or device', 'sockets or devices')} left out`)
}

async function restoreAndCompare(story, repository, { source, left, snapshot, since, complete, messages }) {
  const { say, folder, signal } = story
  const target = join(folder, 'restored')
  const { value, took } = await timed(() =>
    watched('restoring', (onProgress) => repository.restore(snapshot, { to: target, signal, onProgress })),
  )
  say(`  restored: ${size(value.bytes)} in ${time(took)}, ${rate(value.bytes, took)}`)
  const compared = await compareFolders(source, join(target, basename(source)), { left, since, signal })
  expect(!complete || compared.missing === 0, `${counted(compared.missing, 'file')} of the folder were not restored`)
  const newer = compared.changed === 0 ? '' : `; ${counted(compared.changed, 'other')} changed since the backup`
  say(`    compared byte by byte: ${counted(compared.files, 'file')}, ${size(compared.bytes)}, equal${newer}`)
  for (const path of compared.databases) sayDatabase(story, path.toString(), target, messages)
  await rm(target, { recursive: true })
}

function sayDatabase({ say }, path, target, messages) {
  const integrity = integrityOf(path)
  const name = path.slice(target.length + 1)
  if (messages === undefined) {
    say(`    ${name}: restored as of one moment; PRAGMA integrity_check: ${integrity}`)
    return
  }
  expect(integrity === 'ok', `the restored database is damaged: ${integrity}`)
  const restored = messagesIn(path)
  expect(restored <= messages, 'the restored database has messages that nobody wrote')
  say(`    ${name}: PRAGMA integrity_check: ok; all of its first ${restored} messages, of ${messages} by now`)
}

async function checkWhole({ say, signal }, repository) {
  const { value, took } = await timed(() =>
    watched('checking', (onProgress) => repository.check({ read: 'all', signal, onProgress })),
  )
  expect(value.ok, `the check found ${value.problems[0]?.message}`)
  const seen = `${counted(value.snapshots, 'snapshot')}, ${counted(value.packs, 'pack')}, ${size(value.bytes)}`
  say(`  checked, every byte: ${seen} in ${time(took)}; nothing is missing, nothing is damaged`)
}

/** Turns one bit over in a copy of the backup, which needs no key to be made. */
async function tryDamage({ holdfast, key, backup, folder, say, signal }) {
  const { copyRepository, localFolder, openRepository } = holdfast
  const copy = join(folder, 'damaged')
  const { bytes } = await measureFolder(backup)
  if (!(await hasRoom(folder, bytes))) {
    say(`  one flipped byte: not tried, there is no room for a copy of the backup`)
    return
  }
  await watched('copying', (onProgress) =>
    copyRepository(localFolder(backup), localFolder(copy), { signal, onProgress }),
  )
  const pack = await somePack(copy)
  await flipByte(join(copy, pack))
  const repository = await openRepository(localFolder(copy), { with: key.handle, stateDir: null, signal })
  const { ok, problems } = await watched('checking', (onProgress) =>
    repository.check({ read: 'all', signal, onProgress }),
  ).finally(() => repository.close())
  const named = problems.find(({ details }) => details.object === pack)
  expect(!ok && named !== undefined, 'a flipped byte was not found')
  say(`  one flipped byte in a copy: found (${named.code}) in`)
  say(`    ${pack}`)
  await rm(copy, { recursive: true })
}

/** The object in the middle of all packs of a backup. */
async function somePack(backup) {
  const names = await readdir(join(backup, 'e1'), { recursive: true })
  const packs = names.filter((name) => /^packs.*\.age$/.test(name)).sort()
  return `e1/${packs[Math.floor(packs.length / 2)]}`.replaceAll('\\', '/')
}

async function tryWrongKey({ holdfast, backup, say, signal }) {
  const { generateKey, localFolder, openRepository } = holdfast
  const other = generateKey()
  const { error, took } = await refused(
    () => openRepository(localFolder(backup), { with: other, stateDir: null, signal }),
    signal,
  )
  other.close()
  expect(error.code === 'WRONG_CREDENTIAL', 'a wrong key was not refused')
  say(`  a wrong key: refused after ${time(took)} (${error.code})`)
}

/** The path without links, as far as there is something. */
async function realPlace(path) {
  const above = dirname(path)
  return realpath(path).catch(async () => (above === path ? path : join(await realPlace(above), basename(path))))
}

function commands({ backup, restored, key }, folder) {
  const options = ['--key-file', key.path]
  return [
    ['backup', folder, '--to', backup, ...options],
    ['snapshots', backup, ...options],
    ['restore', backup, '--target', restored, ...options],
  ]
}
