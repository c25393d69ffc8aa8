import { totalmem } from 'node:os'
import { options } from './arguments.ts'
import { invalid, isHoldfastError } from './errors.ts'
import { native } from './native/binding.ts'

/** What all calls of the process share. */
export interface Settings {
  /** Threads that seal and open, 1 to 256; by default one per processor, at most 16. Each takes 2 MiB while it works. */
  readonly threads?: number | undefined
  /**
   * Bytes that one key derivation may take, at least 1 MiB; by default what the process's memory limit (a container's,
   * say) leaves, and no bound where there is no limit. Two derivations run at a time at most.
   */
  readonly kdfMemory?: number | undefined
}

const KIB = 1024
const MIN_KDF_MEMORY = KIB * KIB
const MAX_THREADS = 256

let configured = false

/**
 * Sets what all calls of the process share. Once, before the first call that reads or writes files; the same settings
 * again, from a worker say, are accepted.
 *
 * @throws {@link UsageError} `INVALID_ARGUMENT` for values out of range, and for other values after the first use.
 */
export function configure(settings: Settings): void {
  const { threads, kdfMemory } = options(settings, 'settings')
  const count = integer(threads, 'threads', 1, MAX_THREADS)
  const memory = integer(kdfMemory, 'kdfMemory', MIN_KDF_MEMORY, Number.MAX_SAFE_INTEGER) ?? memoryLeft()
  native((addon) => addon.configure(count ?? null, memory === undefined ? null : kibibytes(memory)))
  configured = true
}

/**
 * Applies the defaults unless this thread, or another one of the process, has configured.
 *
 * @internal
 */
export function ensureConfigured(): void {
  if (configured) return
  try {
    configure({})
  } catch (thrown) {
    if (!isHoldfastError(thrown, 'INVALID_ARGUMENT')) throw thrown
    configured = true
  }
}

/** What the process's memory limit leaves, in bytes; undefined where there is none. */
function memoryLeft(): number | undefined {
  const limit = process.constrainedMemory()
  if (limit === undefined || limit <= 0 || limit >= totalmem()) return undefined
  return Math.max(0, limit - process.memoryUsage.rss())
}

function kibibytes(bytes: number): number {
  return Math.min(Math.floor(bytes / KIB), 2 ** 32 - 1)
}

function integer(value: unknown, name: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw invalid(`${name} must be an integer between ${least} and ${most}`)
}
