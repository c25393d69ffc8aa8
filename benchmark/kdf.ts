// One library, one cost: `node kdf.mjs NAME COST` derives twice and prints what the second time took.
import { Buffer } from 'node:buffer'
import { COSTS, type CostName } from './derive.ts'

const PASSWORD = 'correct horse battery staple'
const SALT = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const LENGTH = 32
const LANES = 4

/** Prepares, and answers with the work to time: it resolves to the derived bytes, where the library gives them out. */
const LIBRARIES: Record<string, (cost: CostName) => Promise<() => Promise<string>>> = {
  async holdfast(cost) {
    const { load } = await import('./candidates/holdfast.ts')
    const { generateKey, openKey, password, sealKey } = await load()
    const key = generateKey()
    let checked = false
    return async () => {
      const secret = password(PASSWORD, { cost })
      const sealed = await sealKey(key, secret)
      if (!checked && !(await openKey(sealed, secret)).equals(key)) throw new Error('another key came back')
      checked = true
      return ''
    }
  },
  async 'node-rs'(cost) {
    const { hashRaw } = await import('@node-rs/argon2')
    const { memoryKib, passes } = COSTS[cost]
    const options = { memoryCost: memoryKib, timeCost: passes, parallelism: LANES, outputLen: LENGTH, salt: SALT }
    return async () => (await hashRaw(PASSWORD, options)).toString('hex')
  },
  async 'hash-wasm'(cost) {
    const { argon2id } = await import('hash-wasm')
    const { memoryKib, passes } = COSTS[cost]
    return () => {
      return argon2id({
        password: PASSWORD,
        salt: SALT,
        memorySize: memoryKib,
        iterations: passes,
        parallelism: LANES,
        hashLength: LENGTH,
        outputType: 'hex',
      })
    }
  },
}

const [name = '', cost] = process.argv.slice(2)
const prepare = LIBRARIES[name]
if (prepare === undefined || (cost !== 'default' && cost !== 'interactive')) throw new Error('no such derivation')
const derive = await prepare(cost)
await derive()
const [begun, used] = [performance.now(), process.cpuUsage()]
const derived = await derive()
const [ended, { user, system }] = [performance.now(), process.cpuUsage(used)]
console.log(JSON.stringify({ derived, wallSeconds: (ended - begun) / 1e3, cpuSeconds: (user + system) / 1e6 }))
