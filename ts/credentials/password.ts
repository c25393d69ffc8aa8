import { inspect } from 'node:util'
import { isUint8Array } from 'node:util/types'
import { bytes, options } from '../arguments.ts'
import { invalid, makeError } from '../errors.ts'
import { type Native, native } from '../native/binding.ts'

/**
 * What stretching a password costs whoever opens a file, or guesses: memory for one derivation with Argon2id.
 * `default` 256 MiB, 3 passes; `interactive` 64 MiB, 3 passes; `paranoid` 1 GiB, 4 passes; 4 lanes each.
 */
export type Cost = 'default' | 'interactive' | 'paranoid'

/** How a password seals. Opening takes the cost from the file. */
export interface PasswordOptions {
  /**
   * Left out: `default`, or `interactive` with a process warning where the process's memory limit forbids more.
   * Named: this one, or `OUT_OF_MEMORY` when it is used.
   */
  readonly cost?: Cost | undefined
}

/** Longest text that is looked at, in UTF-16 units; no longer one can have 1024 code points after preparation. */
const MAX_UNITS = 16_384
/** The same in bytes of UTF-8. */
const MAX_BYTES = 3 * MAX_UNITS
const MAX_CODE_POINTS = 1024

type AnyCost = Cost | 'automatic'

type Handle = Native<'PasswordHandle'>

let wrap: (handle: Handle) => Password
let unwrap: (value: object) => Handle | undefined

/**
 * A password, prepared as `docs/format.md` section 4 says. Its bytes stay in the addon; this is a handle, and prints as
 * `Password(redacted)`.
 *
 * Made by {@link password}. After {@link Password.close} every use is `INVALID_ARGUMENT`. A handle cannot travel to
 * another thread: a structured clone of it is empty.
 */
export class Password {
  readonly #handle: Handle

  private constructor(handle: Handle) {
    this.#handle = handle
  }

  static {
    wrap = (handle) => new Password(handle)
    unwrap = (value) => (#handle in value ? value.#handle : undefined)
  }

  /**
   * Refuses what must not become the password of something new, as sealing would: for a form that wants to say so
   * early. A password that is only used to open may be shorter.
   *
   * @throws {@link CredentialError} `PASSWORD_LENGTH` under 8 code points, `PASSWORD_CHARACTER` for a code point that
   * this version's Unicode does not assign.
   * @throws {@link UsageError} `INVALID_ARGUMENT` when closed.
   */
  checkNew(): void {
    native(() => this.#handle.checkNew())
  }

  /**
   * Whether both are the same after preparation, compared in constant time.
   *
   * @throws {@link UsageError} `INVALID_ARGUMENT` when one of them is closed or `other` is no password.
   */
  equals(other: Password): boolean {
    const handle = passwordHandle(other, 'other')
    return native(() => this.#handle.sameAs(handle))
  }

  /** Whether {@link Password.close} was called. */
  get closed(): boolean {
    return this.#handle.closed
  }

  /** Forgets the password. Calls that have begun keep it until they end. Closing twice is harmless. */
  close(): void {
    this.#handle.close()
  }

  /** Closes the password at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** `Password(redacted)`. */
  toString(): string {
    return 'Password(redacted)'
  }

  /** `Password(redacted)`: JSON never holds the password. */
  toJSON(): string {
    return this.toString()
  }

  /** What `console.log` shows. */
  [inspect.custom](): string {
    return this.toString()
  }
}

/**
 * A password from what a person typed: a string, or its UTF-8 bytes, which are overwritten with zeros whatever the
 * outcome (a string cannot be). At most 1024 code points; the least of 8 applies where it is used to seal.
 *
 * A password can be guessed by whoever has the sealed file; the cost only makes each guess dear.
 *
 * @throws {@link CredentialError} `PASSWORD_LENGTH` when empty or too long, `PASSWORD_CHARACTER` with its position for
 * control characters, halves of surrogate pairs, noncharacters and bytes that are not UTF-8.
 * @throws {@link UsageError} `INVALID_ARGUMENT` for other types, unknown costs, and bytes in shared, resizable or
 * detached memory.
 */
export function password(input: string | Uint8Array, choice: PasswordOptions = {}): Password {
  try {
    const cost = checkedCost(options(choice, 'options').cost)
    return wrap(typeof input === 'string' ? fromText(input, cost) : fromBytes(input, cost))
  } finally {
    // A detached array has no length, and filling it would throw.
    if (isUint8Array(input) && input.length > 0) input.fill(0)
  }
}

function fromText(text: string, cost: AnyCost): Handle {
  refuseLonger(text.length, MAX_UNITS)
  return native((addon) => addon.PasswordHandle.fromText(text, cost))
}

function fromBytes(input: unknown, cost: AnyCost): Handle {
  if (!isUint8Array(input)) throw invalid('a password must be a string or a Uint8Array')
  const typed = bytes(input, 'the password')
  refuseLonger(typed.length, MAX_BYTES)
  return native((addon) => addon.PasswordHandle.fromBytes(typed, cost))
}

/**
 * The addon's handle of `value`, or undefined unless it is a password that this copy of the package made.
 *
 * @internal
 */
export function passwordHandleOf(value: unknown): Handle | undefined {
  return typeof value === 'object' && value !== null ? unwrap(value) : undefined
}

/**
 * The addon's handle of `value`.
 *
 * @throws `INVALID_ARGUMENT` unless it is a password that this copy of the package made.
 * @internal
 */
export function passwordHandle(value: unknown, name: string): Handle {
  const handle = passwordHandleOf(value)
  if (handle === undefined) throw invalid(`${name} must be a Password: make one with password()`)
  return handle
}

function refuseLonger(count: number, most: number): void {
  if (count <= most) return
  throw makeError('PASSWORD_LENGTH', `the password has over ${most} units; 1 to ${MAX_CODE_POINTS} are possible`, {
    details: { count, min: 1, max: MAX_CODE_POINTS },
  })
}

function checkedCost(cost: unknown): AnyCost {
  switch (cost) {
    case undefined:
      return 'automatic'
    case 'default':
    case 'interactive':
    case 'paranoid':
      return cost
    default:
      throw invalid("cost must be 'default', 'interactive' or 'paranoid'")
  }
}
