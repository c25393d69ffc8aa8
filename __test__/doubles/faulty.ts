import { pieces, sizeOf } from '../../ts/destinations/body.ts'
import type {
  Body,
  Destination,
  DestinationCall,
  GetOptions,
  ObjectInfo,
  ObjectPath,
  PutOptions,
} from '../../ts/destinations/destination.ts'
import { destinationFailed } from '../../ts/destinations/failure.ts'
import { checkPrefix } from '../../ts/destinations/object-path.ts'
import { collected, fetchObject, streamOf } from '../../ts/destinations/object-stream.ts'
import { Memory } from './memory.ts'

/** A call that a faulty destination has received: the first one has index 0. */
export interface ReceivedCall {
  readonly index: number
  readonly method: 'put' | 'get' | 'stat' | 'list' | 'remove'
  readonly path: string
}

/** When a failing call fails: with nothing done, with all done, half done, or half done for everybody to see. */
export type When = 'before' | 'after' | 'partial' | 'torn'

/** What goes wrong with one call. */
export type Fault =
  /** It fails with `error`, or as unreachable. */
  | { readonly kind: 'fail'; readonly when: When; readonly error?: Error }
  /** It fails, and so does every later call: the process is gone. */
  | { readonly kind: 'crash'; readonly when: When }
  /** `put` and `remove` say that they did it, and did not. */
  | { readonly kind: 'lose' }
  /** A byte in the middle is another one, in what `put` stores or `get` gives. */
  | { readonly kind: 'corrupt' }
  /** `get` ends after half of the bytes as if that were all. */
  | { readonly kind: 'short' }
  /** `list` gives what the `list` before gave; the first one gives nothing. */
  | { readonly kind: 'stale' }
  /** It waits before it begins. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** It never ends; a `get` after half of the bytes. */
  | { readonly kind: 'stall' }

/** The process that called is gone: what it waits for never comes. */
export class Crashed extends Error {
  override readonly name = 'Crashed'
}

/** `fault` for the call with this index alone. */
export function at(index: number, fault: Fault): (call: ReceivedCall) => Fault | undefined {
  return (call) => (call.index === index ? fault : undefined)
}

/** A destination in memory that fails as planned: `plan` is asked about every call. Pulling is part of the call. */
export class Faulty implements Destination {
  readonly name = 'faulty'
  readonly inner: Memory
  /** Every call so far. */
  readonly calls: ReceivedCall[] = []
  readonly #plan: (call: ReceivedCall) => Fault | undefined
  #listed: readonly ObjectInfo[] = []
  #crashed = false

  constructor(plan: (call: ReceivedCall) => Fault | undefined, inner = new Memory()) {
    this.#plan = plan
    this.inner = inner
  }

  get limits(): Destination['limits'] {
    return this.inner.limits
  }

  async put(path: ObjectPath, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    const fault = await this.#begin('put', path, options)
    if (fault?.kind === 'lose' || fault?.kind === 'corrupt') return this.#deceive(fault.kind, path, body, options)
    if (isHalf(fault)) {
      const half = await firstHalf(body, path, this, options)
      if (fault.when === 'torn') this.inner.plant(path, half)
      throw this.#failure(fault)
    }
    const info = await this.inner.put(path, body, options)
    return this.#end(fault, info)
  }

  async get(path: ObjectPath, options: GetOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const fault = await this.#begin('get', path, options)
    const whole = await fetchObject(this.inner, path, options)
    if (fault?.kind === 'corrupt') flip(whole)
    const isCut = fault?.kind === 'short' || fault?.kind === 'stall' || isHalf(fault)
    let left: Uint8Array | undefined = isCut ? whole.subarray(0, whole.byteLength >> 1) : whole
    const next = async (): Promise<Uint8Array | undefined> => {
      const piece = left
      left = undefined
      if (piece !== undefined) return piece
      if (fault?.kind === 'stall') await never(options.signal)
      return this.#end(fault, undefined)
    }
    return streamOf(next, () => {}, options.signal)
  }

  async stat(path: ObjectPath, options: DestinationCall = {}): Promise<ObjectInfo | undefined> {
    const fault = await this.#begin('stat', path, options)
    return this.#end(fault, await this.inner.stat(path, options))
  }

  async *list(prefix: string, options: DestinationCall = {}): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix)
    const fault = await this.#begin('list', prefix, options)
    const found: ObjectInfo[] = []
    for await (const info of this.inner.list('', options)) found.push(info)
    const shown = (fault?.kind === 'stale' ? this.#listed : found).filter(({ path }) => path.startsWith(prefix))
    if (fault?.kind !== 'stale') this.#listed = found
    yield* isHalf(fault) ? shown.slice(0, shown.length >> 1) : shown
    this.#end(fault, undefined)
  }

  async remove(path: ObjectPath, options: DestinationCall = {}): Promise<void> {
    const fault = await this.#begin('remove', path, options)
    if (fault?.kind === 'lose') return
    await this.inner.remove(path, options)
    this.#end(fault, undefined)
  }

  async #begin(method: ReceivedCall['method'], path: string, { signal }: DestinationCall): Promise<Fault | undefined> {
    if (this.#crashed) throw new Crashed()
    signal?.throwIfAborted()
    const call = { index: this.calls.length, method, path }
    this.calls.push(call)
    const fault = this.#plan(call)
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms))
    if (fault?.kind === 'stall' && method !== 'get') await never(signal)
    if (isFailure(fault) && fault.when === 'before') throw this.#failure(fault)
    return fault
  }

  /** What comes of a call whose work is done. */
  #end<T>(fault: Fault | undefined, value: T): T {
    if (isFailure(fault)) throw this.#failure(fault)
    return value
  }

  #failure(fault: Fault): Error {
    if (fault.kind === 'crash') this.#crashed = true
    if (fault.kind === 'crash') return new Crashed()
    const usual = destinationFailed('DESTINATION_UNREACHABLE', this.name, 'the connection was lost')
    return fault.kind === 'fail' ? (fault.error ?? usual) : usual
  }

  async #deceive(kind: 'lose' | 'corrupt', path: ObjectPath, body: Body, options: PutOptions): Promise<ObjectInfo> {
    const elsewhere = new Memory()
    const info = await elsewhere.put(path, body, options)
    const bytes = elsewhere.bytes(path)
    flip(bytes)
    if (kind === 'corrupt') this.inner.plant(path, bytes)
    return info
  }
}

type Failure = Extract<Fault, { readonly when: When }>

function isFailure(fault: Fault | undefined): fault is Failure {
  return fault?.kind === 'fail' || fault?.kind === 'crash'
}

function isHalf(fault: Fault | undefined): fault is Failure {
  return isFailure(fault) && (fault.when === 'partial' || fault.when === 'torn')
}

async function firstHalf(body: Body, path: ObjectPath, to: Destination, options: PutOptions): Promise<Uint8Array> {
  const source = pieces(body, { ...options, destination: to, path })
  const whole = sizeOf(body) ?? Number.POSITIVE_INFINITY
  const parts: Uint8Array[] = []
  let taken = 0
  for await (const piece of source) {
    parts.push(piece)
    taken += piece.byteLength
    if (taken >= whole / 2) break
  }
  const all = await collected(ReadableStream.from(parts) as ReadableStream<Uint8Array>)
  return all.slice(0, all.byteLength >> 1)
}

function flip(bytes: Uint8Array): void {
  const middle = bytes.byteLength >> 1
  const byte = bytes[middle]
  if (byte !== undefined) bytes[middle] = byte ^ 1
}

function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
}
