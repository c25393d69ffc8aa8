import type { Body, Destination, ObjectInfo, ObjectPath, PutOptions } from '../../ts/index.ts'
import { MIB } from '../options.ts'

/** Packs have more bytes, whatever else a backup stores has fewer. */
const LARGE_BYTES = MIB

/** A destination that counts how many large uploads there are at a time, and in all else is the one behind it. */
export class Counted {
  readonly destination: Destination
  most = 0
  #now = 0

  constructor(inner: Destination) {
    const put: Destination['put'] = (path, body, options) => this.#put(inner, path, body, options)
    this.destination = new Proxy(inner, {
      get(_, name) {
        if (name === 'put') return put
        const value: unknown = Reflect.get(inner, name)
        return typeof value === 'function' ? value.bind(inner) : value
      },
    })
  }

  async #put(inner: Destination, path: ObjectPath, body: Body, options: PutOptions | undefined): Promise<ObjectInfo> {
    const isLarge = body instanceof Uint8Array && body.byteLength > LARGE_BYTES
    if (!isLarge) return inner.put(path, body, options)
    this.#now += 1
    this.most = Math.max(this.most, this.#now)
    try {
      return await inner.put(path, body, options)
    } finally {
      this.#now -= 1
    }
  }
}
