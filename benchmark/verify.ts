// Nobody is measured who does not do the work.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant } from './contestants.ts'
import { MIB } from './options.ts'
import { sameBytes, writeRandom } from './places.ts'
import { refuses, watched } from './process.ts'

const SAMPLE_LENGTH = 3 * MIB + 12_345
const NEEDLE_LENGTH = 64

/**
 * Each contestant seals a small file and opens it again: equal bytes, nothing readable in between, and a flipped byte
 * is refused. holdfast and the age programs also open each other's files.
 *
 * @throws naming the contestant that fails.
 */
export async function verifyAll(contestants: readonly Contestant[], folder: string): Promise<void> {
  const source = join(folder, 'sample')
  writeRandom(source, SAMPLE_LENGTH)
  for (const contestant of contestants) await verifyOne(contestant, source, folder)
  const sameFormat = contestants.filter(({ name }) => ['holdfast', 'age', 'age-encryption'].includes(name))
  for (const sealer of sameFormat) {
    for (const opener of sameFormat) {
      if (sealer !== opener) await roundTrip(sealer, opener, source, folder)
    }
  }
  rmSync(source)
}

async function verifyOne(contestant: Contestant, source: string, folder: string): Promise<void> {
  await roundTrip(contestant, contestant, source, folder)
  if (!contestant.authenticates) return
  const [sealed, opened] = [join(folder, 'sealed'), join(folder, 'opened')]
  await watched(contestant.command('seal', source, sealed))
  const plain = readFileSync(source)
  const made = readFileSync(sealed)
  for (const at of [0, SAMPLE_LENGTH >> 1, SAMPLE_LENGTH - NEEDLE_LENGTH]) {
    if (made.includes(plain.subarray(at, at + NEEDLE_LENGTH))) throw new Error(`${contestant.name} leaves plaintext`)
  }
  flip(sealed, made.length >> 1, made)
  const refused = await refuses(contestant.command('open', sealed, opened))
  for (const path of [sealed, opened]) rmSync(path, { force: true })
  if (!refused) throw new Error(`${contestant.name} opens a changed file`)
}

async function roundTrip(sealer: Contestant, opener: Contestant, source: string, folder: string): Promise<void> {
  const [sealed, opened] = [join(folder, 'sealed'), join(folder, 'opened')]
  await watched(sealer.command('seal', source, sealed))
  await watched(opener.command('open', sealed, opened))
  const equal = await sameBytes(source, opened)
  for (const path of [sealed, opened]) rmSync(path)
  if (!equal) throw new Error(`${opener.name} opens what ${sealer.name} sealed, and gets other bytes`)
}

function flip(path: string, at: number, content: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.of((content[at] ?? 0) ^ 1), 0, 1, at)
  closeSync(file)
}
