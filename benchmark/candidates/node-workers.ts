import { hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Codec, Keys } from './codec.ts'
import { CHUNK_LENGTH, SALT_LENGTH, type Share } from './gcm-chunks.ts'
import { rawKey, readExactly, TAG_LENGTH, withFiles, writeExactly } from './positioned.ts'

const WORKERS = 2

/** The best that Node's own cipher gives: AES-256-GCM in two workers written by hand, 1 MiB chunks, no streams. */
export const nodeWorkers: Codec = {
  async seal(source: string, target: string, keys: Keys): Promise<void> {
    await withFiles(source, target, async (from, into, length) => {
      const salt = randomBytes(SALT_LENGTH)
      writeExactly(into, [salt], 0)
      await share({ direction: 'seal', from, into, length, key: derive(keys, salt) })
    })
  },
  async open(source: string, target: string, keys: Keys): Promise<void> {
    await withFiles(source, target, async (from, into, size) => {
      const salt = Buffer.alloc(SALT_LENGTH)
      readExactly(from, salt, 0)
      const sealed = size - SALT_LENGTH
      const length = sealed - TAG_LENGTH * Math.ceil(sealed / (CHUNK_LENGTH + TAG_LENGTH))
      await share({ direction: 'open', from, into, length, key: derive(keys, salt) })
    })
  },
}

function derive(keys: Keys, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', rawKey(keys), salt, 'chunks', 32))
}

async function share(task: Omit<Share, 'next'>): Promise<void> {
  const next = new Int32Array(new SharedArrayBuffer(4))
  const workerData: Share = { ...task, next }
  const workers = Array.from({ length: WORKERS }, () => {
    return new Worker(new URL('./gcm-worker.mjs', import.meta.url), { workerData })
  })
  await Promise.all(
    workers.map(async (worker) => {
      await once(worker, 'message') // rejects when the worker throws
    }),
  )
}
