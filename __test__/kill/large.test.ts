import { existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  createRepository,
  type Destination,
  generateKey,
  localFolder,
  openRepository,
  type RecoveryKey,
} from '../../ts/index.ts'
import { described } from '../backup/tree.ts'
import { done, jsonOf } from '../cli/command.ts'
import { altered } from '../doubles/altered.ts'
import { script } from '../processes/script.ts'
import { testFolder } from '../seal/folder.ts'
import { Random, seed } from './random.ts'
import { commandOf, killedOnce } from './victim.ts'

const MIB = 2 ** 20
/** Bytes of a full pack as it is stored, and what a snapshot, an index and padding add. */
const PACK = 33_700_000
const OVERHEAD = MIB

const folder = testFolder()

/** Four files, of five packs' worth. */
function makeSource(): string {
  const random = new Random(seed())
  mkdirSync(folder.at('source'))
  for (let number = 0; number < 4; number += 1) {
    writeFileSync(folder.at(`source/${number}`), random.bytes(33 * MIB))
  }
  return folder.at('source')
}

/** Makes an empty repository; answers with its state folder and with what the command needs to open it. */
async function makeRepository(): Promise<{ key: RecoveryKey; state: string; opening: string[] }> {
  const key = generateKey()
  writeFileSync(folder.at('key'), key.format(), { mode: 0o600 })
  await using made = await createRepository(localFolder(folder.at('backup')), { to: key, stateDir: folder.at('state') })
  const opening = ['--key-file', folder.at('key'), '--state-dir', folder.at('state'), '--json']
  return { key, state: join(folder.at('state'), made.id), opening }
}

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return []
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.map((name) => join(path, name)).filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isFile())
}

const sizeOf = (file: string): number => lstatSync(file, { throwIfNoEntry: false })?.size ?? 0

/** Bytes of a file that is written here and there, without its holes. */
const roomOf = (file: string): number => 512 * (lstatSync(file, { throwIfNoEntry: false })?.blocks ?? 0)

const packs = (): string[] => filesBelow(folder.at('backup/e1/packs'))

/** How many bytes of packs are fetched through the destination that is given. */
function counted(store: Destination): { store: Destination; fetched: () => number } {
  let bytes = 0
  const get: Destination['get'] = async (path, options) => {
    const stream = await store.get(path, options)
    if (!path.includes('/packs/')) return stream
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        bytes += piece.byteLength
        controller.enqueue(piece)
      },
    })
    return stream.pipeThrough(count)
  }
  return { store: altered(store, { get }), fetched: () => bytes }
}

describe('row 28: of many packs', () => {
  it('an upload that was killed goes on where it was, and so does a restore', async () => {
    const [source, { key, state, opening }] = [makeSource(), await makeRepository()]
    const backup = ['backup', source, '--to', folder.at('backup'), ...opening]
    // Its files are written in one go; the last one may not be yet.
    const journal = (): string[] => filesBelow(join(state, 'journal')).filter((file) => sizeOf(file) > 0)
    const victim = await killedOnce(commandOf(backup), () => journal().length >= 2)
    expect(victim, victim.stderr).toMatchObject({ killed: true, stdout: '' })
    const [before, noted] = [packs().length, journal().length]
    const { storedBytes, complete } = jsonOf(await done(backup))
    expect(complete).toBe(true)
    expect(packs().length - before).toBeLessThanOrEqual(5 - noted)
    expect(storedBytes).toBeLessThan(4 * 33 * MIB - noted * 32 * MIB + OVERHEAD)
    expect(journal()).toEqual([])

    const restore = ['restore', folder.at('backup'), '--target', folder.at('target'), ...opening]
    const written = (): number => filesBelow(folder.at('target')).reduce((sum, file) => sum + roomOf(file), 0)
    const restorer = await killedOnce(commandOf(restore), () => written() > 2 * PACK)
    expect(restorer, restorer.stderr).toMatchObject({ killed: true, stdout: '' })
    const { store, fetched } = counted(localFolder(folder.at('backup')))
    await using repository = await openRepository(store, { with: key, stateDir: folder.at('state') })
    await repository.restore('latest', { to: folder.at('target') })
    expect(fetched()).toBeLessThan(4 * 33 * MIB - PACK)
    expect(readdirSync(folder.at('target'))).toEqual(['source'])
    expect(described(folder.at('target/source'))).toEqual(described(source))
  }, 120_000)
})

describe('row 28: copies of databases', () => {
  it('that a killed process left are removed by the next backup, which is not locked out', async () => {
    const { key, state } = await makeRepository()
    writeFileSync(folder.at('data'), 'a database that only its program can read')
    const body = `
      const { readFileSync, writeFileSync } = await import('node:fs')
      const { localFolder, openRepository, parseKey, sqlite } = holdfast
      const [store, state, keyFile, path] = args
      const key = parseKey(readFileSync(keyFile, 'utf8'))
      const repository = await openRepository(localFolder(store), { with: key, stateDir: state })
      const snapshot = (target) => {
        writeFileSync(target, new Uint8Array(1_000_000))
        process.kill(process.pid, 'SIGKILL')
      }
      await repository.backup(sqlite(path, { snapshot }))`
    const args = ['backup', 'state', 'key', 'data'].map((name) => folder.at(name))
    expect(await script(body, { args })).toMatchObject({ signal: 'SIGKILL', complaint: '' })
    expect(filesBelow(join(state, 'databases')).map(sizeOf)).toEqual([1_000_000])
    await using repository = await openRepository(localFolder(folder.at('backup')), {
      with: key,
      stateDir: folder.at('state'),
    })
    await repository.backup(folder.at('data'))
    expect(filesBelow(join(state, 'databases'))).toEqual([])
  })
})
