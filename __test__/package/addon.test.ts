import { spawnSync } from 'node:child_process'
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

if (process.arch === 'x64') {
  it('the shipped addon has the AVX-512 form of ChaCha20', async () => {
    const [name = ''] = await addons()
    const { stdout, status } = spawnSync('objdump', ['-d', join('ts/native/generated', name)], {
      encoding: 'latin1',
      maxBuffer: 2 ** 30,
    })
    expect(status).toBe(0)
    expect(stdout.match(/%zmm/g)?.length ?? 0).toBeGreaterThan(500)
  })
}

async function addons(folder = 'ts/native/generated'): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.node'))
}

async function load(folder: string): Promise<object> {
  const [name = ''] = await addons(folder)
  return require(join(process.cwd(), folder, name))
}
