import { createCipheriv, randomBytes } from 'node:crypto'

/** The seed to begin with: that of `HOLDFAST_TEST_SEED`, by which a failed run is run again, or a new one. */
export function seed(): number {
  return Number(process.env['HOLDFAST_TEST_SEED'] ?? randomBytes(4).readUInt32LE())
}

/** Numbers and bytes that follow from a seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** One of these. */
  of<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)]
    if (one === undefined) throw new Error('there is nothing to choose from')
    return one
  }

  /** Bytes that do not compress. */
  bytes(length: number): Buffer {
    const key = Buffer.alloc(16)
    for (let at = 0; at < key.length; at += 4) key.writeUInt32LE(this.below(2 ** 32), at)
    return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
  }
}
