import { readFileSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ErrorCode, generateKey, openFile, sealFile, verifyFile } from '../../ts/index.ts'
import { rejectionOf } from './failure.ts'
import { content, testFolder } from './folder.ts'
import { flipped, type Parts, putTogether, SEALED_CHUNK, takeApart } from './sealed-file.ts'

const folder = testFolder()
const key = generateKey()
/** Three chunks, the last of 1000 bytes. */
const LENGTH = 2 * 65_536 + 1000

let sealed: Buffer
let parts: Parts
let chunk: readonly [Buffer, Buffer, Buffer]

beforeEach(async () => {
  sealed = await sealedCopy(LENGTH)
  parts = takeApart(sealed)
  const [first = Buffer.of(), second = Buffer.of(), last = Buffer.of()] = parts.chunks
  chunk = [first, second, last]
})

async function sealedCopy(length: number, seed = 1): Promise<Buffer> {
  const target = folder.fresh()
  await sealFile(folder.file(content(length, seed)), target, { to: key, sync: false })
  return readFileSync(target)
}

/** Opening `damaged` over an existing file fails and leaves that file and the folder as they were. */
async function refused(damaged: Buffer, code: ErrorCode, details: object): Promise<void> {
  const target = folder.file('already here')
  const file = folder.file(damaged)
  const work = () => openFile(file, target, { with: key, overwrite: true })
  const error = await folder.unchangedBy(work, code)
  expect(error).toMatchObject({ code, details })
  expect(await rejectionOf(verifyFile(file, { with: key }))).toMatchObject({ code, details })
}

const start = () => parts.header.length + 16
const offset = (index: number) => start() + index * SEALED_CHUNK

describe('a file of three chunks', () => {
  it('row 19: cut in or right after the nonce is TRUNCATED', async () => {
    for (let length = parts.header.length; length <= start(); length += 1) {
      await refused(sealed.subarray(0, length), 'TRUNCATED', { chunks: 0 })
    }
  })

  it('row 19: cut at a chunk border is TRUNCATED', async () => {
    for (const chunks of [1, 2]) await refused(sealed.subarray(0, offset(chunks)), 'TRUNCATED', { chunks })
  })

  it('row 19: cut inside a chunk is CHUNK_CORRUPT, naming chunk and offset', async () => {
    for (const [index, size] of [SEALED_CHUNK, SEALED_CHUNK, 1016].entries()) {
      for (const kept of [1, 2, 15, 16, 17, 500, size - 17, size - 16, size - 2, size - 1]) {
        const expected = { chunk: index, offset: offset(index) }
        await refused(sealed.subarray(0, offset(index) + kept), 'CHUNK_CORRUPT', expected)
      }
    }
  })

  it('with any byte changed is CHUNK_CORRUPT, naming chunk and offset', async () => {
    const last = SEALED_CHUNK - 1
    for (const [index, at] of [
      [0, 0],
      [0, 40_000],
      [0, last],
      [1, 0],
      [1, last],
      [2, 0],
      [2, 999],
      [2, 1015],
    ] as const) {
      const damaged = flipped(sealed, offset(index) + at)
      await refused(damaged, 'CHUNK_CORRUPT', { chunk: index, offset: offset(index) })
    }
  })

  it('with any byte of the nonce changed is CHUNK_CORRUPT at chunk 0', async () => {
    for (let at = parts.header.length; at < start(); at += 1) {
      await refused(flipped(sealed, at), 'CHUNK_CORRUPT', { chunk: 0, offset: start() })
    }
  })

  it('row 20: with bytes after its end is refused', async () => {
    const corrupt = { chunk: 2, offset: offset(2) }
    await refused(Buffer.concat([sealed, Buffer.of(0)]), 'CHUNK_CORRUPT', corrupt)
    await refused(Buffer.concat([sealed, chunk[1]]), 'CHUNK_CORRUPT', corrupt)
    await refused(Buffer.concat([sealed, sealed]), 'CHUNK_CORRUPT', corrupt)
  })

  it('row 20: of full length with bytes after its end has TRAILING_DATA', async () => {
    const full = await sealedCopy(3 * 65_536)
    const details = { chunk: 2, offset: full.length }
    await refused(Buffer.concat([full, Buffer.of(0)]), 'TRAILING_DATA', details)
    await refused(Buffer.concat([full, chunk[0]]), 'TRAILING_DATA', details)
    await refused(Buffer.concat([full, full]), 'TRAILING_DATA', details)
  })

  it.each([
    ['the first two swapped', ([a, b, c]: Chunks) => [b, a, c], 0],
    ['the last two swapped', ([a, b, c]: Chunks) => [a, c, b], 1],
    ['the first repeated', ([a, b, c]: Chunks) => [a, a, b, c], 1],
    ['the second repeated', ([a, b, c]: Chunks) => [a, b, b, c], 2],
    ['the first removed', ([, b, c]: Chunks) => [b, c], 0],
    ['the second removed', ([a, , c]: Chunks) => [a, c], 1],
    ['the first replaced by zeros', ([a, b, c]: Chunks) => [Buffer.alloc(a.length), b, c], 0],
  ])('row 21: with %s is CHUNK_CORRUPT at the first wrong chunk', async (_, change, wrong) => {
    const chunks: readonly Buffer[] = change(chunk)
    await refused(putTogether({ ...parts, chunks }), 'CHUNK_CORRUPT', { chunk: wrong, offset: offset(wrong) })
  })

  it('row 21: with the final chunk removed is TRUNCATED', async () => {
    await refused(putTogether({ ...parts, chunks: chunk.slice(0, 2) }), 'TRUNCATED', { chunks: 2 })
  })

  it('row 21: with a chunk of another file of the same owner is CHUNK_CORRUPT', async () => {
    const other = takeApart(await sealedCopy(LENGTH)).chunks
    for (const index of [0, 1, 2]) {
      const chunks = chunk.map((mine, at) => (at === index ? (other[at] ?? mine) : mine))
      await refused(putTogether({ ...parts, chunks }), 'CHUNK_CORRUPT', { chunk: index, offset: offset(index) })
    }
  })

  it('row 21: with the header of one file and the payload of another is CHUNK_CORRUPT', async () => {
    const other = takeApart(await sealedCopy(LENGTH))
    await refused(putTogether({ ...other, header: parts.header }), 'CHUNK_CORRUPT', { chunk: 0 })
  })
})

describe('after a failure', () => {
  it('the next call works', async () => {
    const source = folder.file(flipped(sealed, offset(1)))
    const target = folder.fresh()
    expect((await rejectionOf(openFile(source, target, { with: key }))).code).toBe('CHUNK_CORRUPT')
    writeFileSync(source, sealed)
    expect(await openFile(source, target, { with: key })).toMatchObject({ bytes: LENGTH })
    expect(readFileSync(target).equals(content(LENGTH))).toBe(true)
  })
})

type Chunks = readonly [Buffer, Buffer, Buffer]
