import { createHash } from 'node:crypto'
import { type Call, type Counting, runHere } from '../call.ts'
import type { Destination, ObjectInfo } from '../destinations/destination.ts'
import { exists } from '../destinations/failure.ts'
import { patient } from '../destinations/retry.ts'
import { type AnyHoldfastError, isHoldfastError, makeError } from '../errors.ts'
import { checkedStore } from './checked-store.ts'
import { gathered } from './gathered.ts'
import { inLanes } from './lanes.ts'
import { KINDS, type ObjectName, parseObjectName } from './object-names.ts'

/** What a copy did. */
export interface CopyResult {
  /** Objects that were copied. */
  readonly objects: number
  /** Bytes of those. */
  readonly bytes: number
  /** Objects that were there already. */
  readonly skipped: number
  /** Whether all objects are there now: `problems` is empty. */
  readonly complete: boolean
  /** Objects that are damaged or gone where they come from, and were not copied; `details` have their names. */
  readonly problems: readonly AnyHoldfastError[]
}

/** Largest object of a repository (`docs/format.md` section 5). */
const MOST_BYTES = 41_943_040
/** Objects that are in memory at a time. */
const LANES = 3

/** An object that is to be copied. */
interface Item extends ObjectName {
  readonly info: ObjectInfo
}

/**
 * Copies a repository to another destination, or brings an earlier copy up to date. It needs no credential: objects are
 * opaque, and each is compared with its name, which tells its SHA-256.
 *
 * Whenever it is interrupted, the copy is no repository yet, or one of which nothing is missing; calling it again goes
 * on. Nothing is removed at `to`; an object there whose length is wrong is replaced. Damaged objects are not copied.
 *
 * @throws {@link FormatError} `NOT_A_REPOSITORY` if there is none at `from`.
 * @throws {@link DestinationError} `OBJECT_EXISTS` if there is another repository at `to`; as a destination fails.
 * @throws {@link UsageError} `INVALID_ARGUMENT`.
 * @throws `signal.reason` when aborted.
 */
export async function copyRepository(from: Destination, to: Destination, call: Call = {}): Promise<CopyResult> {
  const [source, target] = [patient(checkedStore(from, 'from')), patient(checkedStore(to, 'to'))]
  return runHere(call, (counters, signal) => new Copy(source, target, counters, signal).run())
}

class Copy {
  readonly #source: Destination
  readonly #target: Destination
  readonly #counters: Counting
  readonly #signal: AbortSignal
  readonly #problems: AnyHoldfastError[] = []
  #objects = 0
  #bytes = 0
  #skipped = 0

  constructor(source: Destination, target: Destination, counters: Counting, signal: AbortSignal) {
    this.#source = source
    this.#target = target
    this.#counters = counters
    this.#signal = signal
  }

  async run(): Promise<CopyResult> {
    const items = await this.#items()
    const there = new Map((await this.#list(this.#target)).map(({ info }) => [info.path, info.size]))
    this.#counters.total = items.reduce((sum, { info }) => sum + info.size, 0)
    await this.#refuseOther(items, there)
    for (const stage of stages(items)) {
      // One snapshot can name others that were there before it.
      const lanes = stage[0]?.kind === 'snapshot' ? 1 : LANES
      await inLanes(stage, lanes, (item) => this.#one(item, there.get(item.info.path)))
    }
    return {
      objects: this.#objects,
      bytes: this.#bytes,
      skipped: this.#skipped,
      complete: this.#problems.length === 0,
      problems: this.#problems,
    }
  }

  /** What is to be copied: a writer stores packs and indexes before a snapshot, so those are listed after the snapshots. */
  async #items(): Promise<Item[]> {
    const isContent = ({ kind }: Item): boolean => kind === 'pack' || kind === 'index'
    const named = (await this.#list(this.#source)).filter((item) => !isContent(item))
    if (!named.some(({ kind }) => kind === 'repository')) {
      throw makeError('NOT_A_REPOSITORY', 'there is no backup at the destination that is to be copied')
    }
    return [...named, ...(await this.#list(this.#source)).filter(isContent)]
  }

  async #list(store: Destination): Promise<Item[]> {
    const items: Item[] = []
    for await (const info of store.list('', { signal: this.#signal })) {
      const name = parseObjectName(info.path)
      if (name !== undefined) items.push({ ...name, info })
    }
    return items
  }

  /** Two repositories must not end up in one place. */
  async #refuseOther(items: readonly Item[], there: ReadonlyMap<string, number>): Promise<void> {
    const clear = items.filter(({ digest, info }) => digest === undefined && there.has(info.path))
    for (const { info } of clear) {
      const [ours, theirs] = await Promise.all([this.#fetch(this.#source, info), this.#fetch(this.#target, info)])
      if (!Buffer.from(ours).equals(theirs)) throw exists(this.#target.name, info.path)
    }
  }

  async #one(item: Item, sizeThere: number | undefined): Promise<void> {
    const { info, digest } = item
    this.#signal.throwIfAborted()
    if (sizeThere === info.size) {
      this.#skipped += 1
    } else {
      const bytes = await this.#intact(item)
      if (bytes !== undefined) await this.#store(bytes, info.path, digest, sizeThere !== undefined)
    }
    this.#counters.done += info.size
    this.#counters.files += 1
  }

  /** The object's bytes; undefined if they are not what its name says, or it is gone. */
  async #intact({ info, digest }: Item): Promise<Uint8Array | undefined> {
    const details = { object: info.path }
    if (info.size > MOST_BYTES) {
      this.#problems.push(makeError('MALFORMED', `${info.path}: an object is above 40 MiB`, { details }))
      return undefined
    }
    try {
      const bytes = await this.#fetch(this.#source, info)
      if (digest === undefined || createHash('sha256').update(bytes).digest('hex') === digest) return bytes
      this.#problems.push(makeError('OBJECT_MISMATCH', `${info.path}: the bytes do not match the name`, { details }))
    } catch (thrown) {
      if (!isHoldfastError(thrown, 'OBJECT_MISSING')) throw thrown
      this.#problems.push(thrown)
    }
    return undefined
  }

  async #store(bytes: Uint8Array, path: string, sha256: string | undefined, replaces: boolean): Promise<void> {
    const hash = this.#target.sendsSha256 && sha256 !== undefined ? { sha256 } : {}
    try {
      await this.#target.put(path, bytes, { signal: this.#signal, ...(!replaces && { ifAbsent: true }), ...hash })
      this.#objects += 1
      this.#bytes += bytes.byteLength
    } catch (thrown) {
      // Another copy came first: what its name says is what it is.
      if (sha256 === undefined || !isHoldfastError(thrown, 'OBJECT_EXISTS')) throw thrown
      this.#skipped += 1
    }
  }

  async #fetch(store: Destination, { path }: ObjectInfo): Promise<Uint8Array> {
    return gathered(await store.get(path, { signal: this.#signal }), MOST_BYTES + 1)
  }
}

/** The items of each kind, in the order in which they are stored; older ones first. */
function stages(items: readonly Item[]): Item[][] {
  const stored = ({ info }: Item): number => info.modified?.getTime() ?? 0
  const inOrder = (one: Item, other: Item): number =>
    stored(one) - stored(other) || (one.info.path < other.info.path ? -1 : 1)
  return KINDS.map((kind) => items.filter((item) => item.kind === kind).sort(inOrder))
}
