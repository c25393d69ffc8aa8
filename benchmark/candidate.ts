// One candidate, one direction, one file: `node candidate.mjs NAME seal|open SOURCE TARGET KEYS [--watch]`.
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Codec, Keys } from './candidates/codec.ts'

const DELAY_RESOLUTION_MS = 5
const MIB = 1024 * 1024

/** Loaded on demand: a process pays only for its own libraries. */
const CODECS: Record<string, () => Promise<Codec>> = {
  holdfast: async () => (await import('./candidates/holdfast.ts')).holdfast(false),
  'holdfast-durable': async () => (await import('./candidates/holdfast.ts')).holdfast(true),
  'node-stream-1m': async () => (await import('./candidates/node-stream.ts')).nodeStream(MIB),
  'node-stream-64k': async () => (await import('./candidates/node-stream.ts')).nodeStream(undefined),
  'node-workers': async () => (await import('./candidates/node-workers.ts')).nodeWorkers,
  noble: async () => (await import('./candidates/noble.ts')).noble,
  'age-encryption': async () => (await import('./candidates/age-encryption.ts')).ageEncryption,
  'sodium-native': async () => {
    const { secretStreamCodec } = await import('./candidates/sodium.ts')
    return secretStreamCodec((await import('./candidates/sodium-native.ts')).sodiumNative)
  },
  'sodium-wasm': async () => {
    const { secretStreamCodec } = await import('./candidates/sodium.ts')
    return secretStreamCodec(await (await import('./candidates/sodium-wasm.ts')).sodiumWasm())
  },
}

const [name = '', direction, source = '', target = '', keyFolder = '', watch] = process.argv.slice(2)
const codec = await CODECS[name]?.()
if (codec === undefined || (direction !== 'seal' && direction !== 'open')) throw new Error('no such candidate')
const keys: Keys = {
  raw: join(keyFolder, 'raw'),
  identity: join(keyFolder, 'identity'),
  recipient: join(keyFolder, 'recipient'),
}
if (watch === undefined) await codec[direction](source, target, keys)
else await watched(() => codec[direction](source, target, keys))

/** Runs `work` and prints how busy it kept the event loop, from the call to its promise's settling. */
async function watched(work: () => Promise<void>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  delay.enable()
  await new Promise((resolve) => setTimeout(resolve, 20)) // start-up is not part of the delay
  delay.reset()
  const before = performance.eventLoopUtilization()
  await work()
  const { utilization } = performance.eventLoopUtilization(before)
  await new Promise((resolve) => setTimeout(resolve, 2 * DELAY_RESOLUTION_MS)) // a delay is seen by the timer after it
  delay.disable()
  console.log(JSON.stringify({ utilization, longestDelayMs: Math.max(0, delay.max / 1e6 - DELAY_RESOLUTION_MS) }))
}
