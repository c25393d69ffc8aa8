import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach } from 'vitest'
import { withRetry } from '../../ts/destinations/retry.ts'
import {
  type CreateOptions,
  createRepository,
  type Destination,
  generateKey,
  type OpenRepositoryOptions,
  openRepository,
  type Repository,
} from '../../ts/index.ts'
import { Memory } from '../doubles/memory.ts'
import { testFolder } from '../seal/folder.ts'

/** One credential for all tests of a file that need no particular one. */
export const key = generateKey()

/** A folder for sources, targets and this machine's state; repositories opened by it are closed after each test. */
export function testPlace(): Place {
  const place = new Place()
  afterEach(() => place.close())
  return place
}

class Place {
  readonly folder: ReturnType<typeof testFolder> = testFolder()
  readonly #open: Repository[] = []

  /** Where this machine keeps its state, unless told otherwise. */
  get state(): string {
    return this.folder.at('state')
  }

  /** A new repository. */
  async create(store: Destination = new Memory(), options: Partial<CreateOptions> = {}): Promise<Repository> {
    const how = 'unprotected' in options ? {} : { to: key }
    const all = { ...how, stateDir: this.state, ...options } as CreateOptions
    return this.#kept(await createRepository(impatient(store), all))
  }

  /** The repository at `store`. */
  async open(store: Destination, options: OpenRepositoryOptions = {}): Promise<Repository> {
    return this.#kept(await openRepository(impatient(store), { with: key, stateDir: this.state, ...options }))
  }

  /** A folder of this name with some files. */
  sources(files: Readonly<Record<string, string | Uint8Array>>, name = 'sources'): string {
    const path = this.folder.at(name)
    mkdirSync(path, { recursive: true })
    for (const [file, bytes] of Object.entries(files)) {
      mkdirSync(`${path}/${file}`.replace(/[^/]*$/, ''), { recursive: true })
      writeFileSync(`${path}/${file}`, bytes)
    }
    return path
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((repository) => repository.close()))
  }

  #kept(repository: Repository): Repository {
    this.#open.push(repository)
    return repository
  }
}

/** A destination whose failures are not waited out. */
export function impatient(store: Destination): Destination {
  return withRetry(store, { attempts: 1 })
}

/** All that an iteration gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
