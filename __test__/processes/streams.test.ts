import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generateKey, openFile, sealFile } from '../../ts/index.ts'
import { content, SIZES, testFolder } from '../seal/folder.ts'
import { script } from './script.ts'

const folder = testFolder()
const SEAL_INPUT = `
  const { parseKey, sealFile, standardInput } = holdfast
  const { bytes } = await sealFile(standardInput, args[1], { to: parseKey(args[0]) })
  console.log(bytes)
`
const OPEN_INPUT = `
  const { openFile, parseKey, standardInput } = holdfast
  const error = await openFile(standardInput, args[1], { with: parseKey(args[0]) }).catch((thrown) => thrown)
  console.log(error.code ?? error.bytes)
`

describe('standard input', () => {
  it.each(SIZES)('as a pipe of %d bytes is sealed to its end, and opened', async (size) => {
    const [key, plain, sealed, opened] = [generateKey(), content(size), folder.fresh(), folder.fresh()]
    const sealing = await script(SEAL_INPUT, { args: [key.format(), sealed], input: plain })
    expect(sealing).toMatchObject({ code: 0, output: `${size}\n` })
    const opening = await script(OPEN_INPUT, { args: [key.format(), opened], input: readFileSync(sealed) })
    expect(opening).toMatchObject({ code: 0, output: `${size}\n` })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })

  it('that ends too early or is damaged leaves no target', async () => {
    const [key, sealed] = [generateKey(), folder.fresh()]
    await sealFile(folder.file(content(200_000)), sealed, { to: key })
    const whole = readFileSync(sealed)
    const target = folder.fresh()
    const cut = whole.subarray(0, -1)
    const border = whole.subarray(0, whole.length - (200_000 % 65_536) - 16)
    const longer = Buffer.concat([whole, Buffer.of(0)])
    for (const [input, code] of [
      [cut, 'CHUNK_CORRUPT'],
      [border, 'TRUNCATED'],
      [longer, 'CHUNK_CORRUPT'],
      [Buffer.of(), 'NOT_SEALED'],
    ] as const) {
      const before = folder.content()
      const { output } = await script(OPEN_INPUT, { args: [key.format(), target], input })
      expect(output).toBe(`${code}\n`)
      expect(folder.content()).toEqual(before)
    }
  })
})

describe('standard output', () => {
  it('takes what is sealed, and what is opened', async () => {
    const [key, plain] = [generateKey(), content(200_000)]
    const body = `
      const { parseKey, sealFile, standardOutput } = holdfast
      await sealFile(args[1], standardOutput, { to: parseKey(args[0]) })
    `
    const source = folder.file(plain)
    const bytes = await script(body, { args: [key.format(), source] })
    const opened = folder.fresh()
    await openFile(folder.file(Buffer.from(bytes.output, 'latin1')), opened, { with: key })
    expect(readFileSync(opened).equals(plain)).toBe(true)
  })
})
