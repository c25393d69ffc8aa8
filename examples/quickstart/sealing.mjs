// One file: sealed beside a plain copy, refused with a wrong key and with a flipped byte, opened again, opened by age.
import { existsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestByAge, findAge } from './age.mjs'
import { copyFlipped, copyPlainly, digestOf } from './material.mjs'
import { checkRoom } from './places.mjs'
import { expect, refused, timed, watched } from './steps.mjs'
import { rate, size, time } from './words.mjs'

const CHUNK = 65_536
const SEALED_CHUNK = CHUNK + 16
const PAYLOAD_NONCE = 16
/** Files that lie in the work folder at one time: the sealed one, and a copy of it or of the original. */
const COPIES = 2

/** The whole story of the person's own file. Resolves to commands to try next. */
export async function tellOfFile(story, path) {
  const { say, folder, signal } = story
  const { size: bytes } = await stat(path)
  await checkRoom({ folder, bytes: COPIES * bytes })
  say(`The file: ${path}, ${size(bytes)}. It is only read.`)
  const file = { path, bytes }
  const original = await digestOf(path, signal)
  const sealed = await sealBesideCopy(story, file)
  await tryWrongKey(story, sealed)
  await tryDamage(story, file, sealed)
  await openAgain(story, file, sealed, original)
  await openByAge(story, sealed, original)
  const key = ['--key-file', story.key.path]
  return [
    ['seal', path, ...key],
    ['verify', `${path}.age`, ...key],
    ['open', `${path}.age`, '-o', `${path}.opened`, ...key],
  ]
}

/** The short story of one file of a folder: how fast it seals, and that age opens it. */
export async function tellOfOneFile(story, path) {
  const { say, folder, signal } = story
  const { size: bytes } = await stat(path)
  await checkRoom({ folder, bytes: COPIES * bytes })
  say()
  say(`A single file can be sealed, too: ${path}, ${size(bytes)}.`)
  const sealed = await sealBesideCopy(story, { path, bytes })
  await openByAge(story, sealed, await digestOf(path, signal))
}

async function sealBesideCopy({ holdfast, key, folder, say, signal }, file) {
  const [copy, sealed] = [join(folder, 'copy.bin'), join(folder, 'file.age')]
  const copying = await timed(() => copyPlainly(file.path, copy, signal))
  await rm(copy)
  const sealing = await timed(() =>
    watched('sealing', (onProgress) => holdfast.sealFile(file.path, sealed, { to: key.handle, signal, onProgress })),
  )
  const fast = rate(file.bytes, sealing.took)
  say(`  sealed at ${fast}: ${time(sealing.took)} until it was on the disk; a plain copy took ${time(copying.took)}`)
  return sealed
}

async function tryWrongKey({ holdfast, folder, say, signal }, sealed) {
  const target = join(folder, 'wrong.bin')
  const other = holdfast.generateKey()
  const { error, took } = await refused(() => holdfast.openFile(sealed, target, { with: other, signal }), signal)
  other.close()
  expect(error.code === 'WRONG_CREDENTIAL' && !existsSync(target), 'a wrong key was not refused')
  say(`  a wrong key: refused after ${time(took)} (${error.code}), nothing written`)
}

async function tryDamage({ holdfast, key, folder, say, signal }, file, sealed) {
  const [damaged, target] = [join(folder, 'damaged.age'), join(folder, 'damaged.bin')]
  const chunk = Math.floor(Math.max(0, file.bytes - 1) / CHUNK / 2)
  const { headerBytes } = await holdfast.inspect(sealed)
  const offset = headerBytes + PAYLOAD_NONCE + chunk * SEALED_CHUNK
  await copyFlipped(sealed, damaged, offset)
  const { error } = await refused(() => holdfast.openFile(damaged, target, { with: key.handle, signal }), signal)
  await rm(damaged)
  const named = error.code === 'CHUNK_CORRUPT' && error.details.chunk === chunk && error.details.offset === offset
  expect(named && !existsSync(target), 'a flipped byte was not named')
  say(`  one flipped byte in a copy: found in chunk ${chunk}, at byte ${offset}; nothing written`)
}

async function openAgain({ holdfast, key, folder, say, signal }, file, sealed, original) {
  const opened = join(folder, 'opened.bin')
  const { took } = await timed(() => holdfast.openFile(sealed, opened, { with: key.handle, signal }))
  expect((await digestOf(opened, signal)) === original, 'the opened file differs from the original')
  await rm(opened)
  say(`  opened at ${rate(file.bytes, took)}, and compared: equal to the original`)
}

async function openByAge({ key, say, signal }, sealed, original) {
  const age = findAge()
  if (!age.opens) {
    const found = age.version === undefined ? 'age is not found in PATH' : `age ${age.version} is found`
    say(`  by another program: not tried, ${found}; age 1.3 or newer opens the file too`)
    return
  }
  expect((await digestByAge(sealed, key.path, signal)) === original, 'age opened something else')
  say(`  opened by age ${age.version} too, and compared: equal to the original`)
}
