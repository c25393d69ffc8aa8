import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const require = createRequire(import.meta.url)

it('the package holds one addon, the one for this platform', async () => {
  expect(await addons()).toHaveLength(1)
})

it('the shipped addon cannot be told to fail', async () => {
  const shipped = Object.keys(await load('ts/native/generated'))
  const faulty = Object.keys(await load('target/faults'))
  expect(faulty.filter((name) => /fault/i.test(name))).not.toEqual([])
  expect(shipped.filter((name) => /fault/i.test(name))).toEqual([])
})

async function addons(folder = 'ts/native/generated'): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.node'))
}

async function load(folder: string): Promise<object> {
  const [name = ''] = await addons(folder)
  return require(join(process.cwd(), folder, name))
}
