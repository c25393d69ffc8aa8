import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { s3 } from '../../ts/destinations/s3.ts'
import {
  copyRepository,
  createRepository,
  type Destination,
  generateKey,
  localFolder,
  openRepository,
  type RecoveryKey,
} from '../../ts/index.ts'
import { type Described, described } from '../backup/tree.ts'
import { done, holdfast, jsonOf } from '../cli/command.ts'
import { Random, seed } from '../kill/random.ts'
import { restored, Tree } from '../kill/tree.ts'
import { commandOf, killedOnce } from '../kill/victim.ts'
import { testFolder } from '../seal/folder.ts'
import { CREDENTIALS, testServer } from './versitygw.ts'

const MIB = 2 ** 20
const PREFIX = 'backups/laptop'

const server = testServer()
const folder = testFolder()

/** Credentials as the programs of AWS find them. */
const ENV = { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey }

/** A folder that changes, and what it held at each backup. */
function makeTree(): Tree {
  const tree = new Tree(folder.at('source'), new Random(seed()))
  tree.fill()
  return tree
}

/** Files of `count` packs' worth that do not compress. */
function makeLarge(count: number): string {
  const random = new Random(seed())
  mkdirSync(folder.at('source'))
  for (let number = 0; number < count; number += 1) {
    writeFileSync(folder.at(`source/${number}`), random.bytes(32 * MIB))
  }
  return folder.at('source')
}

function keyFile(): { key: RecoveryKey; opening: string[] } {
  const key = generateKey()
  writeFileSync(folder.at('key'), key.format(), { mode: 0o600 })
  return { key, opening: ['--key-file', folder.at('key'), '--state-dir', folder.at('state'), '--json'] }
}

const storeAt = (bucket: string): Destination =>
  s3({ bucket, prefix: PREFIX, endpoint: server.endpoint, credentials: CREDENTIALS })

const addressOf = (bucket: string): string => `s3://${bucket}/${PREFIX}?endpoint=${server.endpoint}`

/** Names of the packs that the server shows in the bucket. */
const packsIn = (bucket: string): string[] => objectsIn(server.file(join(bucket, PREFIX, 'e1/packs')))

/** Packs that are stored and that no index names yet, as this machine has noted them. */
const journal = (): string[] => {
  const noted = objectsIn(folder.at('state')).filter((name) => name.includes('journal'))
  return noted.filter((name) => (statSync(folder.at(`state/${name}`), { throwIfNoEntry: false })?.size ?? 0) > 0)
}

function objectsIn(path: string): string[] {
  const names = existsSync(path) ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : []
  return names.filter((name) => name.endsWith('.age'))
}

const restoredAs = (target: string): Described => restored(folder.at(`${target}/source`))

describe('a repository in a bucket', () => {
  it('is made, filled, filled again, restored, checked, copied to a folder and restored from that', async () => {
    const [bucket, tree, { key }] = [server.bucket(), makeTree(), keyFile()]
    await using repository = await createRepository(storeAt(bucket), { to: key, stateDir: folder.at('state') })
    const first = await repository.backup(tree.path)
    const before = tree.contents()
    const fresh = tree.change()
    const second = await repository.backup(tree.path)
    const after = tree.contents()
    expect([first.unread, second.unread]).toEqual([[], []])
    expect(first.storedBytes).toBeGreaterThan(4 * MIB)
    expect(second.storedBytes).toBeLessThan(fresh * 1.125 + 131_072)
    await repository.restore(first.id, { to: folder.at('before') })
    await repository.restore('latest', { to: folder.at('after') })
    expect([restoredAs('before'), restoredAs('after')]).toEqual([before, after])
    expect(await repository.check({ read: 'all' })).toMatchObject({ ok: true, snapshots: 2, problems: [] })

    const copy = localFolder(folder.at('copy'))
    const { objects, problems, skipped } = await copyRepository(storeAt(bucket), copy)
    expect({ problems, skipped }).toEqual({ problems: [], skipped: 0 })
    expect(await copyRepository(storeAt(bucket), copy)).toMatchObject({ objects: 0, skipped: objects })
    await using copied = await openRepository(copy, { with: key, stateDir: null })
    expect(await copied.check({ read: 'all' })).toMatchObject({ ok: true, snapshots: 2 })
    await copied.restore(first.id, { to: folder.at('from the copy') })
    expect(restoredAs('from the copy')).toEqual(before)
  })

  it('is worked with by its address, with credentials from the environment', async () => {
    const [bucket, tree, { opening }] = [server.bucket(), makeTree(), keyFile()]
    const [address, setting] = [addressOf(bucket), { env: ENV }]
    await done(['init', address, ...opening], setting)
    const first = jsonOf(await done(['backup', tree.path, '--to', address, ...opening], setting))
    const before = tree.contents()
    tree.change()
    await done(['backup', tree.path, '--to', address, ...opening], setting)
    await done(['restore', address, '--target', folder.at('after'), ...opening], setting)
    const id = ['--snapshot', String(first['id'])]
    await done(['restore', address, '--target', folder.at('before'), ...id, ...opening], setting)
    expect([restoredAs('before'), restoredAs('after')]).toEqual([before, tree.contents()])
    await done(['check', address, '--read', 'all', ...opening], setting)
    await done(['copy', address, folder.at('copy')], setting)
    await done(['restore', folder.at('copy'), '--target', folder.at('from the copy'), ...opening])
    expect(restoredAs('from the copy')).toEqual(tree.contents())
  })

  it('row 36: is DESTINATION_DENIED to who has other credentials, and nothing of them is shown', async () => {
    const [bucket, { opening }] = [server.bucket(), keyFile()]
    const env = { ...ENV, AWS_SECRET_ACCESS_KEY: 'another-secret-of-the-loopback' }
    const { code, stdout, stderr } = await holdfast(['init', addressOf(bucket), ...opening], { env })
    expect(code, stderr).toBe(5)
    expect(stdout + stderr).toContain('DESTINATION_DENIED')
    expect(stdout + stderr).not.toContain('another-secret')
  })

  it('row 28: an upload that was killed goes on where it was', async () => {
    const [bucket, source, { key, opening }] = [server.bucket(), makeLarge(5), keyFile()]
    await done(['init', addressOf(bucket), ...opening], { env: ENV })
    const backup = ['backup', source, '--to', addressOf(bucket), ...opening]
    const victim = await killedOnce(commandOf(backup, ENV), () => journal().length >= 2)
    expect(victim, victim.stderr).toMatchObject({ killed: true, stdout: '' })
    const before = packsIn(bucket).length
    const { storedBytes } = jsonOf(await done(backup, { env: ENV }))
    expect(packsIn(bucket).length - before).toBeLessThanOrEqual(4)
    expect(storedBytes).toBeLessThan(3 * 33 * MIB)
    await using repository = await openRepository(storeAt(bucket), { with: key, stateDir: folder.at('state') })
    expect(await repository.check({ read: 'all' })).toMatchObject({ ok: true, problems: [] })
    await repository.restore('latest', { to: folder.at('target') })
    expect(restoredAs('target')).toEqual(described(source))
  })

  it('row 37: survives a server that crashes in mid-backup and comes back', async () => {
    const [bucket, source, { key }] = [server.bucket(), makeLarge(4), keyFile()]
    await using repository = await createRepository(storeAt(bucket), { to: key, stateDir: folder.at('state') })
    const backup = repository.backup(source)
    await vi.waitFor(() => expect(packsIn(bucket).length).toBeGreaterThan(0), { timeout: 60_000, interval: 5 })
    await server.crash()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await server.resume()
    expect(await backup).toMatchObject({ complete: true, warnings: [] })
    expect(await repository.check({ read: 'all' })).toMatchObject({ ok: true, problems: [] })
    await repository.restore('latest', { to: folder.at('target') })
    expect(restoredAs('target')).toEqual(described(source))
  })
})
