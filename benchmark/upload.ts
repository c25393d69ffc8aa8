// Bytes to an S3 server: `node upload.mjs KEYS BUCKET holdfast HOME SOURCE`, `… restore HOME TARGET`, or
// `… aws-sdk BYTES AT_ONCE`. What uploads prints what it took, the start of the process not included.
import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Destination } from '../ts/index.ts'
import { Counted } from './backups/counted.ts'
import type { Upload } from './backups/s3.ts'
import { ACCESS_FILE, type Access } from './backups/server.ts'
import { load } from './candidates/holdfast.ts'
import { MIB } from './options.ts'

const REGION = 'us-east-1'
/** As long as a full pack, about. */
const OBJECT_BYTES = 32 * MIB

const [keys = '', bucket = '', way = '', ...rest] = process.argv.slice(2)
const { endpoint, ...credentials } = JSON.parse(readFileSync(join(keys, ACCESS_FILE), 'utf8')) as Access

const WAYS: Record<string, (first: string, second: string) => Promise<Upload | undefined>> = {
  async holdfast(home, source) {
    const { createRepository, parseKey } = await load()
    const counted = new Counted(await store())
    const key = parseKey(readFileSync(join(keys, 'identity'), 'utf8').trim())
    const repository = await createRepository(counted.destination, { to: key, stateDir: join(home, 'state') })
    const upload = await clocked(async () => {
      const { complete, readBytes } = await repository.backup(source)
      if (!complete) throw new Error('the backup is incomplete')
      return readBytes
    })
    await repository.close()
    return { ...upload, atOnce: counted.most }
  },
  async restore(home, target) {
    const { openRepository, parseKey } = await load()
    const key = parseKey(readFileSync(join(keys, 'identity'), 'utf8').trim())
    const repository = await openRepository(await store(), { with: key, stateDir: join(home, 'state') })
    await repository.restore('latest', { to: target })
    await repository.close()
    return undefined
  },
  async 'aws-sdk'(size, width) {
    const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const client = new S3Client({ endpoint, region: REGION, forcePathStyle: true, credentials })
    const [bytes, atOnce] = [Number(size), Number(width)]
    const ready = randomFillSync(Buffer.allocUnsafeSlow(OBJECT_BYTES))
    const put = (Key: string, Body: Buffer) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))
    await put('first', ready.subarray(0, 1)) // a connection, as holdfast has one from making its repository
    const waiting = Array.from({ length: Math.ceil(bytes / OBJECT_BYTES) }, (_, part) => part).values()
    const serve = async () => {
      for (const part of waiting) await put(`part-${part}`, ready.subarray(0, bytes - part * OBJECT_BYTES))
    }
    const upload = await clocked(async () => {
      await Promise.all(Array.from({ length: atOnce }, serve))
      return bytes
    })
    return { ...upload, atOnce }
  },
}

const run = WAYS[way]
if (run === undefined) throw new Error('no such way')
const [first = '', second = ''] = rest
console.log(JSON.stringify((await run(first, second)) ?? {}))

async function store(): Promise<Destination> {
  const name: string = 'holdfast/s3'
  const { s3 } = (await import(name)) as typeof import('../ts/destinations/s3.ts')
  return s3({ bucket, endpoint, region: REGION, credentials })
}

async function clocked(work: () => Promise<number>): Promise<Omit<Upload, 'atOnce'>> {
  const [begun, used] = [performance.now(), process.cpuUsage()]
  const bytes = await work()
  const [ended, { user, system }] = [performance.now(), process.cpuUsage(used)]
  return { bytes, wallSeconds: (ended - begun) / 1e3, cpuSeconds: (user + system) / 1e6 }
}
