// Another backup of many small files of which none has changed.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Observed, observe, watched } from '../process.ts'
import { turns } from '../rounds.ts'
import { type Archiver, repositoryIn } from './archivers.ts'
import { difference, makeTree, treeBytes } from './trees.ts'

const PER_FOLDER = 100
/** Lengths are spread evenly below it. */
const LENGTH_LIMIT = 4096

/** One archiver's rounds over the same files. */
export interface UnchangedResult extends Observed {
  readonly name: string
  readonly title: string
  /** What the last run added to the repository. */
  addedBytes: number
}

/** Each archiver backs up once, untimed; then rounds of a warm-up and a timed run, each a snapshot more. */
export async function measureUnchanged(
  present: readonly Archiver[],
  folder: string,
  files: number,
  rounds: number,
  say: (line: string) => void,
): Promise<UnchangedResult[]> {
  const source = join(folder, 'source')
  const homeOf = ({ name }: Archiver) => join(folder, `home-${name}`)
  say(`${files} small files`)
  makeTree(source, files, PER_FOLDER, (file) => (file * 1_009) % LENGTH_LIMIT)
  const results = present.map(({ name, title }): UnchangedResult => {
    return { name, title, costs: [], peakBytes: undefined, addedBytes: 0 }
  })
  for (const archiver of present) {
    say(`${archiver.title}: first backup of the small files`)
    mkdirSync(homeOf(archiver))
    await watched(archiver.init(homeOf(archiver)))
    await watched(archiver.backup(homeOf(archiver), source, 'first'))
  }
  for (const { round, place, one: archiver } of turns(present, rounds)) {
    const [result, home] = [results[place], homeOf(archiver)]
    if (result === undefined) throw new Error('no such turn')
    say(`round ${round + 1} of ${rounds}: ${archiver.title}, nothing changed`)
    const backup = (label: string) => archiver.backup(home, source, label)
    let before = 0
    await observe(result, backup(`warm-${round}`), backup(timedLabel(round)), () => {
      before = treeBytes(repositoryIn(home))
    })
    result.addedBytes = treeBytes(repositoryIn(home)) - before
  }
  for (const archiver of present) {
    say(`${archiver.title}: restores the last snapshot of the small files`)
    await verify(archiver, homeOf(archiver), source, join(folder, 'target'), timedLabel(rounds - 1))
  }
  rmSync(source, { recursive: true })
  return results
}

function timedLabel(round: number): string {
  return `timed-${round}`
}

async function verify(archiver: Archiver, home: string, source: string, target: string, label: string): Promise<void> {
  mkdirSync(target)
  await watched(archiver.restore(home, target, label))
  const differs = await difference(source, archiver.restored(target, source))
  if (differs !== undefined) throw new Error(`${archiver.title} restores something else: ${differs}`)
  for (const each of [home, target]) rmSync(each, { recursive: true })
}
