import { readFileSync } from 'node:fs'
import type { Codec, Keys } from './codec.ts'

/** The package as it ships: its own name, so what is measured is `dist`. */
export async function load(): Promise<typeof import('../../ts/index.ts')> {
  const name: string = 'holdfast'
  return import(name)
}

/** holdfast with a 64-digit key. `sync` is what it does unless told otherwise: wait until the disk has the file. */
export async function holdfast(sync: boolean): Promise<Codec> {
  const { openFile, parseKey, sealFile } = await load()
  const key = (keys: Keys) => parseKey(readFileSync(keys.identity, 'utf8').trim())
  return {
    async seal(source: string, target: string, keys: Keys): Promise<void> {
      await sealFile(source, target, { to: key(keys), sync })
    },
    async open(source: string, target: string, keys: Keys): Promise<void> {
      await openFile(source, target, { with: key(keys), sync })
    },
  }
}
