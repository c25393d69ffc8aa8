// Many small files in one process: `node many.mjs NAME SOURCES TARGETS KEYS`.
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const AT_ONCE = 8

type SealOne = (source: string, target: string) => Promise<unknown>

const [name = '', sources = '', targets = '', keys = ''] = process.argv.slice(2)
const sealOne = await sealer(name)
const waiting = readdirSync(sources).values()
await Promise.all(Array.from({ length: AT_ONCE }, serve))

async function serve(): Promise<void> {
  for (const file of waiting) await sealOne(join(sources, file), join(targets, file))
}

async function sealer(library: string): Promise<SealOne> {
  if (library === 'age-encryption') {
    const { Encrypter } = await import('age-encryption')
    const encrypter = new Encrypter()
    encrypter.addRecipient(readFileSync(join(keys, 'recipient'), 'utf8').trim())
    return async (source, target) => writeFile(target, await encrypter.encrypt(await readFile(source)))
  }
  const { load } = await import('./candidates/holdfast.ts')
  const { parseKey, sealFile } = await load()
  const key = parseKey(readFileSync(join(keys, 'identity'), 'utf8').trim())
  return (source, target) => sealFile(source, target, { to: key, sync: library === 'holdfast-durable' })
}
