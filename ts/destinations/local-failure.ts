import { type DestinationCode, destinationFailed } from './failure.ts'

/** What messages call this destination. */
export const NAME = 'local folder'

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO'])

const CODES: Readonly<Record<string, DestinationCode>> = {
  EACCES: 'DESTINATION_DENIED',
  EDQUOT: 'DESTINATION_FULL',
  EEXIST: 'DESTINATION_DENIED',
  EISDIR: 'DESTINATION_DENIED',
  ELOOP: 'DESTINATION_DENIED',
  ENOSPC: 'DESTINATION_FULL',
  ENOTDIR: 'DESTINATION_DENIED',
  EPERM: 'DESTINATION_DENIED',
  EROFS: 'DESTINATION_DENIED',
  ETIMEDOUT: 'DESTINATION_TIMEOUT',
}

/**
 * Does one thing with the file system. A failure that says nothing about who is to blame, such as EIO or ESTALE of a
 * share that is gone, is `DESTINATION_UNREACHABLE`.
 *
 * @throws the failures of a destination; the message has the call and the system's name for the failure, no path.
 * @internal
 */
export async function disk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { errno, call } = parts(cause)
    if (errno === '') throw cause
    throw destinationFailed(CODES[errno] ?? 'DESTINATION_UNREACHABLE', NAME, `${call} failed with ${errno}`, { cause })
  }
}

/**
 * As {@link disk}; undefined when nothing that could be an object is there.
 *
 * @internal
 */
export async function unlessAbsent<T>(work: () => Promise<T>): Promise<T | undefined> {
  return disk(async () => {
    try {
      return await work()
    } catch (thrown) {
      if (failedWith(thrown, ABSENT)) return undefined
      throw thrown
    }
  })
}

/**
 * Whether `thrown` is a failure of the file system with one of these names.
 *
 * @internal
 */
export function failedWith(thrown: unknown, names: ReadonlySet<string>): boolean {
  return names.has(parts(thrown).errno)
}

function parts(thrown: unknown): { errno: string; call: string } {
  const { code, syscall } = thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : {}
  return { errno: typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : '', call: syscall ?? 'a call' }
}
