import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { isHoldfastError } from '../../ts/index.ts'

/** Sizes where chunking or runs of chunks can go wrong. */
export const SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 1_048_576, 1_048_577, 3_158_073]

/** A folder of its own for every test of the file that calls this. */
export function testFolder(): Folder {
  const folder = new Folder()
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'holdfast test '))
  })
  afterEach(() => rmSync(folder.path, { recursive: true, force: true }))
  return folder
}

class Folder {
  path = ''
  #count = 0

  /** The path of `name` in the folder. */
  at(name: string): string {
    return join(this.path, name)
  }

  /** A path under which nothing exists. */
  fresh(): string {
    this.#count += 1
    return this.at(`fresh-${this.#count}`)
  }

  /** A new file with this content. */
  file(content: Uint8Array | string): string {
    const path = this.fresh()
    writeFileSync(path, content)
    return path
  }

  /** Every name in the folder with its content; folders and special files as such. */
  content(): Map<string, string> {
    const entries = readdirSync(this.path, { withFileTypes: true })
    return new Map(
      entries.map((entry) => [
        entry.name,
        entry.isFile() ? readFileSync(join(this.path, entry.name)).toString('latin1') : 'special',
      ]),
    )
  }

  /** Expects `work` to fail with `code`, to call itself safe, and to leave the folder as it was, to the byte. */
  async unchangedBy(work: () => Promise<unknown>, ...codes: string[]): Promise<unknown> {
    const before = this.content()
    const error = await work().then(
      () => expect.fail('it succeeded'),
      (thrown: unknown) => thrown,
    )
    if (!isHoldfastError(error)) throw error
    expect(codes, error.message).toContain(error.code)
    expect(error.safe).toBe(true)
    expect(this.content()).toEqual(before)
    return error
  }
}

/** `length` bytes that do not repeat within a chunk and differ from those of another seed. */
export function content(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = (seed * 2_654_435_761) >>> 0
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}
