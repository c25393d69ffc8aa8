import { isUint8Array } from 'node:util/types'
import { onAbort } from '../abort.ts'
import type { Destination, GetOptions } from '../destinations/destination.ts'
import { folderOf } from '../destinations/local-folder.ts'
import { bare } from '../destinations/retry.ts'
import { fromNative, isCancelled } from '../errors/native.ts'
import { type AnyHoldfastError, invalid, isHoldfastError, makeError } from '../errors.ts'
import type { Native } from '../native/binding.ts'
import { named } from './failure.ts'
import { lentBody } from './lent-body.ts'
import type { CourierRequest } from './records.ts'
import { SourceStream } from './source-stream.ts'
import type { Supply } from './sources.ts'

/** Largest object of a repository (`docs/format.md` section 5), and one byte, by which a larger one is told. */
const MOST_BYTES = 41_943_041
/** Failures that are kept, by their requests, to find the one that an operation ended with. */
const KEPT_FAILURES = 100

const NOTHING = new Uint8Array()

/**
 * One operation of the engine: what it asks of the destination and of the caller's sources.
 *
 * @internal
 */
export class Operation {
  readonly #courier: Native<'Courier'>
  readonly #store: Destination
  readonly #supplies: readonly (Supply | undefined)[]
  readonly #controller = new AbortController()
  readonly #forget: () => void
  /** Whether the destination is done with a piece when it asks for the next. */
  readonly #lends: boolean
  readonly #streams = new Map<number, { readonly stream: SourceStream; readonly source: number }>()
  readonly #failures = new Map<number, AnyHoldfastError>()
  /** What the caller's sources threw. */
  readonly #thrown: AnyHoldfastError[] = []

  constructor(
    courier: Native<'Courier'>,
    store: Destination,
    supplies: readonly (Supply | undefined)[],
    signal: AbortSignal | undefined,
  ) {
    this.#courier = courier
    this.#store = store
    this.#lends = folderOf(bare(store)) !== undefined
    this.#supplies = supplies
    this.#forget = signal ? onAbort(signal, () => this.#stop(signal.reason)) : () => {}
  }

  /** Does what is asked, and answers. */
  serve(request: CourierRequest): void {
    this.#answer(request).catch((thrown: unknown) => {
      if (this.#controller.signal.aborted) this.#courier.answerFailure(request.id, 'CANCELLED', 'it was stopped')
      else this.#fail(request, thrown)
    })
  }

  /** The operation is over: what is still under way is of no use to anybody. */
  end(): void {
    this.#forget()
    this.#stop(new Error('the operation is over'))
  }

  /** What the operation rejects with when it ended with `thrown`: the very error of the destination, if it was that. */
  blamed(thrown: unknown): unknown {
    if (isCancelled(thrown) || isHoldfastError(thrown)) return thrown
    const error = fromNative(thrown)
    const { request, ...details }: Partial<Record<string, unknown>> = { ...error.details }
    const own = typeof request === 'number' ? this.#failures.get(request) : undefined
    return own ?? named(error, details, this.#store.name)
  }

  /** What a source of the caller's threw, when the engine repeats its failure in `message`. */
  thrownBySource(message: string): unknown {
    return this.#thrown.find((error) => message.includes(error.message))?.cause
  }

  async #answer(request: CourierRequest): Promise<void> {
    const { id, name = '', source = -1, stream = -1 } = request
    const { signal } = this.#controller
    switch (request.kind) {
      case 'list':
        return this.#list(id, name)
      case 'get':
        return this.#get(request)
      case 'put':
        await this.#put(request)
        break
      case 'remove':
        await this.#store.remove(name, { signal })
        break
      case 'open':
        this.#streams.set(stream, { stream: await this.#open(source), source })
        break
      case 'read':
        return this.#courier.answerBytes(id, (await this.#streams.get(stream)?.stream.read()) ?? null)
      case 'close':
        this.#streams.get(stream)?.stream.close()
        this.#streams.delete(stream)
        break
      case 'copy':
        await this.#copy(source, request)
        break
    }
    this.#courier.answerDone(id)
  }

  async #list(id: number, prefix: string): Promise<void> {
    const [names, sizes, modified]: [string[], number[], (number | null)[]] = [[], [], []]
    for await (const info of this.#store.list(prefix, { signal: this.#controller.signal })) {
      names.push(info.path)
      sizes.push(info.size)
      modified.push(info.modified === undefined ? null : Math.floor(info.modified.getTime() / 1000))
    }
    this.#courier.answerList(id, names, sizes, modified)
  }

  async #get({ id, name = '', offset = 0, length }: CourierRequest): Promise<void> {
    const range = length === undefined ? {} : { range: { offset, length } }
    const options: GetOptions = { ...range, signal: this.#controller.signal }
    const most = length ?? MOST_BYTES
    let received = 0
    try {
      for await (const piece of await this.#store.get(name, options)) {
        if (!isUint8Array(piece)) throw new TypeError('a destination gave something else than bytes')
        this.#courier.answerPart(id, piece.subarray(0, most - received))
        received += piece.byteLength
        if (received >= most) break
      }
      this.#courier.answerBytes(id, NOTHING)
    } catch (thrown) {
      if (received > 0 || !isHoldfastError(thrown, 'OBJECT_MISSING')) throw thrown
      this.#courier.answerBytes(id, null)
    }
  }

  async #put({ id, name = '', length = 0, sha256 }: CourierRequest): Promise<void> {
    const isWanted = sha256 !== undefined && this.#store.sendsSha256 === true
    const options = { ifAbsent: true, signal: this.#controller.signal, ...(isWanted && { sha256 }) } as const
    const body = this.#lends ? lentBody(this.#courier, id, length) : this.#courier.take(id)
    if (body !== null) await this.#store.put(name, body, options)
  }

  async #open(source: number): Promise<SourceStream> {
    const supply = this.#supplies[source]
    if (supply?.kind !== 'stream') throw invalid(`source ${source + 1} is no stream`)
    return SourceStream.open(supply, this.#controller.signal)
  }

  async #copy(source: number, { target = Buffer.alloc(0) }: CourierRequest): Promise<void> {
    const supply = this.#supplies[source]
    if (supply?.kind !== 'database') throw invalid(`source ${source + 1} is no database`)
    const path = target.toString()
    if (!Buffer.from(path).equals(target))
      throw invalid('the folder for copies of databases has a name that is no text')
    await supply.snapshot(path)
  }

  #fail({ id, kind, source, stream }: CourierRequest, thrown: unknown): void {
    const origin = source ?? (stream === undefined ? undefined : this.#streams.get(stream)?.source)
    const error = origin === undefined ? this.#destinationError(thrown) : sourceError(kind, origin, thrown)
    if (origin !== undefined) this.#thrown.push(error)
    this.#failures.set(id, error)
    for (const old of this.#failures.keys()) {
      if (this.#failures.size <= KEPT_FAILURES) break
      this.#failures.delete(old)
    }
    this.#courier.answerFailure(id, error.code, error.message)
  }

  #destinationError(thrown: unknown): AnyHoldfastError {
    if (isHoldfastError(thrown)) return thrown
    return makeError('INTERNAL', `${this.#store.name}: the destination failed in an unknown way`, { cause: thrown })
  }

  #stop(reason: unknown): void {
    this.#controller.abort(reason)
    for (const { stream } of this.#streams.values()) stream.close()
    this.#streams.clear()
  }
}

/** The message has the source's position: it tells failures of several sources apart, and repeats nothing of the caller's. */
function sourceError(kind: CourierRequest['kind'], source: number, cause: unknown): AnyHoldfastError {
  const what = { open: 'could not be opened', copy: 'could not be copied' }[String(kind)] ?? 'failed while it was read'
  const details = { call: kind }
  return makeError('SOURCE_UNREADABLE', `source ${source + 1} of the call ${what}`, { details, cause })
}
