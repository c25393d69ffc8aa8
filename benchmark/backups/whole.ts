// Whole backups and restores of a folder of files that neither compress nor repeat.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MIB } from '../options.ts'
import { type Observed, observe, watched } from '../process.ts'
import { turns } from '../rounds.ts'
import { type Archiver, repositoryIn } from './archivers.ts'
import { difference, makeTree, mixedLengths, treeBytes } from './trees.ts'

export const FILES = 200
const PER_FOLDER = 20
const LABEL = 'whole'

/** One archiver's rounds. */
export interface WholeResult {
  readonly name: string
  readonly title: string
  readonly backup: Observed
  readonly restore: Observed
  readonly openings: readonly ({ readonly title: string } & Observed)[]
  /** What its repository has after one backup. */
  storedBytes: number
}

/** Rounds over all archivers: warm-up and timed run of a backup, of its restore, and of unlocking alone. */
export async function measureWhole(
  present: readonly Archiver[],
  folder: string,
  size: number,
  rounds: number,
  say: (line: string) => void,
): Promise<WholeResult[]> {
  const source = join(folder, 'source')
  say(`${FILES} files, ${(size / MIB).toFixed(0)} MiB`)
  makeTree(source, FILES, PER_FOLDER, mixedLengths(size, FILES))
  const results = present.map(emptyResult)
  for (const { round, place, one: archiver } of turns(present, rounds)) {
    const result = results[place]
    if (result === undefined) throw new Error('no such turn')
    say(`round ${round + 1} of ${rounds}: ${archiver.title}, whole backup`)
    await takeTurn(archiver, result, { folder, source }, round === 0)
  }
  rmSync(source, { recursive: true })
  return results
}

async function takeTurn(
  archiver: Archiver,
  result: WholeResult,
  { folder, source }: { readonly folder: string; readonly source: string },
  verify: boolean,
): Promise<void> {
  const [first, home] = [join(folder, 'first'), join(folder, 'home')]
  const [warm, target] = [join(folder, 'warm'), join(folder, 'target')]
  for (const each of [first, home, warm, target]) mkdirSync(each)
  for (const each of [first, home]) await watched(archiver.init(each))
  const backup = (to: string) => archiver.backup(to, source, LABEL)
  const restore = (to: string) => archiver.restore(home, to, LABEL)
  await observe(result.backup, backup(first), backup(home), () => remove(first))
  result.storedBytes = treeBytes(repositoryIn(home))
  for (const [at, { open }] of archiver.openings.entries()) {
    const opening = result.openings[at]
    if (opening !== undefined) await observe(opening, open(home), open(home), () => {})
  }
  await observe(result.restore, restore(warm), restore(target), () => remove(warm))
  if (verify) {
    const differs = await difference(source, archiver.restored(target, source))
    if (differs !== undefined) throw new Error(`${archiver.title} restores something else: ${differs}`)
  }
  for (const each of [home, target]) remove(each)
}

function emptyResult({ name, title, openings }: Archiver): WholeResult {
  return {
    name,
    title,
    backup: unobserved(),
    restore: unobserved(),
    openings: openings.map((opening) => ({ title: opening.title, ...unobserved() })),
    storedBytes: 0,
  }
}

function unobserved(): Observed {
  return { costs: [], peakBytes: undefined }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
