import { closeSync, createReadStream, openSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generateKey, inspect, openFile, sealFile } from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'
import { sealedLength } from '../seal/sealed-file.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20
const folder = testFolder()

it.each([
  ['4 GiB - 1', 4 * GIB - 1],
  ['4 GiB', 4 * GIB],
  ['4 GiB + 1', 4 * GIB + 1],
  ['20 GiB', 20 * GIB],
])('row 22: a file of %s is sealed and opened exactly, in memory that does not grow', async (_, size) => {
  const [key, source, sealed, opened] = [generateKey(), sparse(size), folder.fresh(), folder.fresh()]
  const before = process.resourceUsage().maxRSS
  const made = await sealFile(source, sealed, { to: key, sync: false })
  const { headerBytes, bytes } = await inspect(sealed)
  expect([made.bytes, bytes]).toEqual([size, size])
  expect(made.sealedBytes).toBe(sealedLength(headerBytes, size))
  expect(statSync(sealed).size).toBe(made.sealedBytes)
  expect(await openFile(sealed, opened, { with: key, sync: false })).toMatchObject({ bytes: size })
  // KiB, both.
  expect(process.resourceUsage().maxRSS - before).toBeLessThan((64 * MIB) / 1024)
  expect(await same(source, opened)).toBe(true)
})

/** A file of `size` bytes with marks where a 32-bit length would go wrong. */
function sparse(size: number): string {
  const path = folder.fresh()
  writeFileSync(path, '')
  truncateSync(path, size)
  const file = openSync(path, 'r+')
  for (const at of [0, 2 * GIB - 1, 2 * GIB, 4 * GIB - 2, 4 * GIB - 1, 4 * GIB, size - 1]) {
    if (at < size) writeSync(file, Buffer.of(0x6d), 0, 1, at)
  }
  closeSync(file)
  return path
}

async function same(first: string, second: string): Promise<boolean> {
  if (statSync(first).size !== statSync(second).size) return false
  const other = createReadStream(second, { highWaterMark: 4 * MIB })[Symbol.asyncIterator]()
  for await (const piece of createReadStream(first, { highWaterMark: 4 * MIB })) {
    const { value } = await other.next()
    if (!Buffer.isBuffer(value) || !value.equals(piece)) return false
  }
  return true
}
