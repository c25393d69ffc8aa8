import type { Destination } from '../../ts/index.ts'
import { MIB } from '../options.ts'

/** Packs have more bytes, whatever else a backup stores has fewer. */
const LARGE_BYTES = MIB

/** A destination that counts how many large uploads there are at a time. */
export class Counted {
  readonly destination: Destination
  most = 0
  #now = 0

  constructor(inner: Destination) {
    this.destination = {
      name: inner.name,
      limits: inner.limits,
      put: (path, body, options) => this.#count(body, () => inner.put(path, body, options)),
      get: (path, options) => inner.get(path, options),
      stat: (path, options) => inner.stat(path, options),
      list: (prefix, options) => inner.list(prefix, options),
      remove: (path, options) => inner.remove(path, options),
    }
  }

  async #count<T>(body: unknown, put: () => Promise<T>): Promise<T> {
    const isLarge = body instanceof Uint8Array && body.byteLength > LARGE_BYTES
    if (!isLarge) return put()
    this.#now += 1
    this.most = Math.max(this.most, this.#now)
    try {
      return await put()
    } finally {
      this.#now -= 1
    }
  }
}
