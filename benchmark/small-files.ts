import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Decrypter } from 'age-encryption'
import { findAge } from './contestants.ts'
import { writeRandom } from './places.ts'
import { type Command, type Cost, timed, watched } from './process.ts'
import { cpu, spread, table, wall } from './report.ts'

const FILES = 1000
const FEW = 100
const FILE_LENGTH = 10_000
const SAMPLES = 5

/** One way to seal a folder of small files. */
interface Way {
  readonly title: string
  readonly files: number
  command(sources: string, targets: string): Command
}

/** A way and its rounds; costs are for all files. */
export interface ManyResult {
  readonly title: string
  readonly files: number
  readonly costs: Cost[]
}

/** A thousand small files, eight at a time; interleaved, each timed run after an untimed one. */
export async function measureSmallFiles(
  programs: string,
  keys: string,
  folder: string,
  rounds: number,
  say: (line: string) => void,
): Promise<ManyResult[]> {
  const sources = new Map([FILES, FEW].map((count) => [count, makeFiles(folder, count)]))
  const targets = join(folder, 'targets')
  const all = ways(programs, keys)
  const results = all.map(({ title, files }): ManyResult => ({ title, files, costs: [] }))
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}: small files`)
    for (const [turn, way] of all.entries()) {
      const from = sources.get(way.files) ?? ''
      const command = way.command(from, targets)
      mkdirSync(targets)
      await watched(command)
      await verifySamples(way, from, targets, keys)
      rmSync(targets, { recursive: true })
      mkdirSync(targets)
      const { wallSeconds, cpuSeconds } = await timed(command)
      rmSync(targets, { recursive: true })
      const scale = FILES / way.files
      results[turn]?.costs.push({ wallSeconds: wallSeconds * scale, cpuSeconds: cpuSeconds * scale })
    }
  }
  return results
}

export function smallFilesReport(results: readonly ManyResult[], place: string): string {
  const rows = results.map(({ title, files, costs }) => {
    const rate = FILES / Math.min(...wall(costs))
    return [files === FILES ? title : `${title} ²`, spread(wall(costs), 3), spread(cpu(costs), 3), rate.toFixed(0)]
  })
  return [
    `### ${FILES} files of ${FILE_LENGTH / 1000} KB, sealed with a 64-digit key, 8 at a time, ${place}`,
    '',
    'Whole processes; minimum / median.',
    '',
    table(['', 'wall s', 'CPU s', 'files/s'], rows),
    ...(results.some(({ files }) => files !== FILES) ? ['', `² Measured on ${FEW} files and multiplied.`] : []),
  ].join('\n')
}

function ways(programs: string, keys: string): Way[] {
  const inNode = (title: string, name: string): Way => {
    const command = (sources: string, targets: string): Command => {
      return { argv: [process.execPath, join(programs, 'many.mjs'), name, sources, targets, keys] }
    }
    return { title, files: FILES, command }
  }
  const age = findAge()
  return [
    inNode('holdfast, sealFile, no flush', 'holdfast'),
    inNode('holdfast, sealFile, as shipped (each file flushed)', 'holdfast-durable'),
    inNode('age-encryption (JavaScript)', 'age-encryption'),
    ...(age === undefined ? [] : [onePerFile(age, keys)]),
  ]
}

function onePerFile(age: string, keys: string): Way {
  const script = 'cd "$1" && ls | xargs -P 8 -I{} "$3" -R "$4" -o "$2/{}" {}'
  const command = (sources: string, targets: string): Command => {
    return { argv: ['bash', '-c', script, 'bash', sources, targets, age, join(keys, 'recipient')] }
  }
  return { title: 'age, one process per file', files: FEW, command }
}

function makeFiles(folder: string, count: number): string {
  const sources = join(folder, `small-${count}`)
  mkdirSync(sources)
  for (let file = 0; file < count; file += 1) writeRandom(join(sources, `${file}.bin`), FILE_LENGTH)
  return sources
}

/** Every way writes age files: an independent program opens some of them. */
async function verifySamples(way: Way, sources: string, targets: string, keys: string): Promise<void> {
  const made = readdirSync(targets)
  if (made.length !== way.files) throw new Error(`${way.title} sealed ${made.length} of ${way.files} files`)
  const decrypter = new Decrypter()
  decrypter.addIdentity(readFileSync(join(keys, 'identity'), 'utf8').trim())
  for (const file of made.slice(0, SAMPLES)) {
    const opened = await decrypter.decrypt(readFileSync(join(targets, file)))
    if (!readFileSync(join(sources, file)).equals(opened)) throw new Error(`${way.title} sealed other bytes`)
  }
}
