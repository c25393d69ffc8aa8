import { type Call, run } from '../call.ts'
import type { Destination } from '../destinations/destination.ts'
import { patient } from '../destinations/retry.ts'
import { type Native, type NativeAddon, native } from '../native/binding.ts'
import { Operation } from './operation.ts'
import type { CourierRequest } from './records.ts'
import type { Supply } from './sources.ts'

/** Work of one native task. @internal */
export type CourierWork<T> = (control: Native<'Control'>, addon: NativeAddon, operation: Operation) => Promise<T>

/**
 * Carries the engine's requests to a destination, and to the caller's own sources, and the answers back.
 *
 * A destination that is not patient already is made so.
 *
 * @internal
 */
export class Courier {
  readonly handle: Native<'Courier'>
  /** The destination's name, for messages. */
  readonly destination: string
  readonly #store: Destination
  /** All that the addon holds on to: an idle courier is collected with its repository. */
  readonly #operations = new Map<number, Operation>()
  #closing = false

  constructor(store: Destination) {
    this.#store = patient(store)
    this.destination = store.name
    const operations = this.#operations
    const requested = (request: CourierRequest | null): void => {
      if (request !== null) operations.get(request.operation)?.serve(request)
    }
    this.handle = native((addon) => new addon.Courier(requested))
  }

  /** No more tasks will be run: once those that have begun have ended, the addon lets go of everything. */
  close(): void {
    this.#closing = true
    this.#closeIfIdle()
  }

  /**
   * Runs one native task, whose requests are served until it ends. `supplies` are the caller's own sources, each at the
   * position of its source.
   *
   * Rejects as {@link run}; when the destination or a source was to blame, with what it threw.
   */
  async run<T>(call: Call, work: CourierWork<T>, supplies: readonly (Supply | undefined)[] = []): Promise<T> {
    return run(call, async (control, addon) => {
      const operation = new Operation(this.handle, this.#store, supplies, call.signal)
      this.#operations.set(control.id, operation)
      try {
        return await work(control, addon, operation)
      } catch (thrown) {
        throw operation.blamed(thrown)
      } finally {
        this.#operations.delete(control.id)
        operation.end()
        this.#closeIfIdle()
      }
    })
  }

  #closeIfIdle(): void {
    if (this.#closing && this.#operations.size === 0) native(() => this.handle.close())
  }
}
