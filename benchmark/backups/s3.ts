// A backup to an S3 server, against plain uploads of objects that are ready.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, type Cost, type Observed, watched } from '../process.ts'
import { turns } from '../rounds.ts'
import { ACCESS_FILE, Server } from './server.ts'
import { difference, makeTree, mixedLengths, treeBytes } from './trees.ts'
import { FILES } from './whole.ts'

const BUCKET = 'uploads'
const PER_FOLDER = 20

/** What a process prints of its upload. */
export interface Upload extends Cost {
  readonly bytes: number
  /** Most uploads of packs or ready objects at a time. */
  readonly atOnce: number
}

/** One uploader's rounds. */
export interface UploadResult extends Observed {
  readonly name: string
  readonly title: string
}

/** What was uploaded, and how. */
export interface UploadRun {
  readonly bytes: number
  readonly atOnce: number
  readonly results: readonly UploadResult[]
}

/** What all uploads have in common. */
interface Scene {
  readonly programs: string
  readonly keys: string
  readonly server: Server
  readonly source: string
  /** Of holdfast's state, new for each upload. */
  readonly home: string
  readonly target: string
}

/** One way to upload. */
interface Uploader {
  readonly name: string
  readonly title: string
  readonly command: Command
}

/** The server is started and stopped here; each timed upload comes directly after an untimed one. */
export async function measureUploads(
  { program, programs, keys }: { readonly program: string; readonly programs: string; readonly keys: string },
  folder: string,
  { size, rounds, only }: { readonly size: number; readonly rounds: number; readonly only: readonly string[] },
  say: (line: string) => void,
): Promise<UploadRun> {
  const [buckets, source] = [join(folder, 'buckets'), join(folder, 'source')]
  mkdirSync(buckets)
  makeTree(source, FILES, PER_FOLDER, mixedLengths(size, FILES))
  const bytes = treeBytes(source)
  const server = await Server.start(program, buckets, `only-for-the-loopback-${process.pid}`)
  try {
    writeFileSync(join(keys, ACCESS_FILE), JSON.stringify(server.access), { mode: 0o600 })
    const scene = { programs, keys, server, source, home: join(folder, 'home'), target: join(folder, 'target') }
    say('upload: what is restored equals the source')
    const { atOnce } = await verify(scene)
    const everyone = uploaders(scene, bytes, atOnce).filter(({ name }) => only.length === 0 || only.includes(name))
    const results = everyone.map(({ name, title }): UploadResult => {
      return { name, title, costs: [], peakBytes: undefined }
    })
    for (const { round, place, one } of turns(everyone, rounds)) {
      say(`round ${round + 1} of ${rounds}: ${one.title}`)
      const { peakBytes } = await upload(scene, one.command)
      const result = results[place]
      if (result === undefined) throw new Error('no such turn')
      result.peakBytes = Math.max(result.peakBytes ?? 0, peakBytes ?? 0)
      const { wallSeconds, cpuSeconds } = (await upload(scene, one.command)).upload
      result.costs.push({ wallSeconds, cpuSeconds })
    }
    return { bytes, atOnce, results }
  } finally {
    await server.stop()
    for (const each of [buckets, source]) rmSync(each, { recursive: true })
  }
}

function uploaders(scene: Scene, bytes: number, atOnce: number): Uploader[] {
  const plain = command(scene, 'aws-sdk', String(bytes), String(atOnce))
  return [
    { name: 'holdfast', title: 'holdfast, backup()', command: backup(scene) },
    { name: 'aws-sdk', title: '@aws-sdk/client-s3, ready objects of 32 MiB', command: plain },
  ]
}

function backup(scene: Scene): Command {
  return command(scene, 'holdfast', scene.home, scene.source)
}

function command({ programs, keys }: Scene, ...args: string[]): Command {
  return { argv: [process.execPath, join(programs, 'upload.mjs'), keys, BUCKET, ...args] }
}

/** Uploads into an empty bucket, which then goes. */
async function upload(
  { server, home }: Scene,
  command: Command,
): Promise<{ readonly upload: Upload; readonly peakBytes: number | undefined }> {
  mkdirSync(home)
  server.makeBucket(BUCKET)
  try {
    const { stdout, peakBytes } = await watched(command)
    return { upload: JSON.parse(stdout) as Upload, peakBytes }
  } finally {
    server.removeBucket(BUCKET)
    rmSync(home, { recursive: true })
  }
}

/** A backup is uploaded and restored; so is known how many uploads it has at a time, for all plain ones to have as many. */
async function verify(scene: Scene): Promise<Upload> {
  const { server, home, source, target } = scene
  mkdirSync(home)
  mkdirSync(target)
  server.makeBucket(BUCKET)
  const { stdout } = await watched(backup(scene))
  await watched(command(scene, 'restore', home, target))
  const differs = await difference(source, join(target, 'source'))
  if (differs !== undefined) throw new Error(`holdfast restores something else from the server: ${differs}`)
  const made = JSON.parse(stdout) as Upload
  server.removeBucket(BUCKET)
  server.makeBucket(BUCKET)
  await watched(command(scene, 'aws-sdk', String(made.bytes), String(made.atOnce)))
  const stored = treeBytes(server.bucket(BUCKET))
  if (stored !== made.bytes + 1) throw new Error(`plain uploads of ${made.bytes} bytes stored ${stored}`)
  server.removeBucket(BUCKET)
  for (const each of [home, target]) rmSync(each, { recursive: true })
  return made
}
