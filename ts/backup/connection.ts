import { realpath } from 'node:fs/promises'
import type { Call } from '../call.ts'
import type { Destination } from '../destinations/destination.ts'
import { folderOf } from '../destinations/local-folder.ts'
import { bare } from '../destinations/retry.ts'
import { type AnyHoldfastError, invalid } from '../errors.ts'
import type { NativePath } from '../file-path.ts'
import { type Native, type NativeAddon, native } from '../native/binding.ts'
import { Courier, type CourierWork } from './courier.ts'
import { reported } from './failure.ts'
import type { Failure } from './records.ts'
import type { Supply } from './sources.ts'

type Handle = Native<'RepositoryHandle'>

/** Work of one call on an open repository. @internal */
export type Work<T> = (
  control: Native<'Control'>,
  repository: Handle,
  addon: NativeAddon,
  thrownBySource: (message: string) => unknown,
) => Promise<T>

/**
 * An open repository, as the parts of this folder share it.
 *
 * @internal
 */
export class Connection {
  readonly handle: Handle
  readonly #courier: Courier
  readonly #folders: readonly NativePath[]
  #closed = false

  private constructor(handle: Handle, courier: Courier, folders: readonly NativePath[]) {
    this.handle = handle
    this.#courier = courier
    this.#folders = folders
  }

  /** Opens, or makes, the repository at `store`. */
  static async make(
    store: Destination,
    state: NativePath | null,
    call: Call,
    start: (control: Native<'Control'>, courier: Native<'Courier'>, addon: NativeAddon) => Promise<Handle>,
  ): Promise<Connection> {
    const folder = folderOf(bare(store))
    const courier = new Courier(store)
    const handle = await courier.run(call, (control, addon) => start(control, courier.handle, addon))
    const folders = [folder, state].filter((path) => path !== undefined && path !== null)
    return new Connection(handle, courier, folders)
  }

  /** Runs one native task, as {@link Courier.run} does. */
  async run<T>(call: Call, work: Work<T>, supplies: readonly (Supply | undefined)[] = []): Promise<T> {
    this.ensureOpen()
    const start: CourierWork<T> = (control, addon, operation) =>
      work(control, this.handle, addon, (message) => operation.thrownBySource(message))
    return this.#courier.run(call, start, supplies)
  }

  /** The error for a failure that the addon reports as data; `cause` is what a source of the caller's threw. */
  reported(failure: Failure, cause?: unknown): AnyHoldfastError {
    return reported(failure, this.#courier.destination, cause)
  }

  /** Folders that no backup has in it, as they are named without links: those of the destination and of the state. */
  async ownFolders(): Promise<NativePath[]> {
    return Promise.all(this.#folders.map(async (path) => realpath(asText(path)).catch(() => path)))
  }

  /** @throws `INVALID_ARGUMENT` */
  ensureOpen(): void {
    if (this.#closed) throw invalid('the repository is closed')
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    native(() => this.handle.close())
    this.#courier.close()
  }
}

function asText(path: NativePath): string | Buffer {
  return typeof path === 'string' ? path : Buffer.from(path)
}
