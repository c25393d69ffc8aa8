import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { runBackups } from './backups/sections.ts'
import { chosen, durableField, type Field, field } from './contestants.ts'
import { derivationReport, measureDerivations } from './derive.ts'
import { MIB, type Options, readOptions } from './options.ts'
import { makePlaces, type Place, scratch, writeKeys } from './places.ts'
import { largeReport } from './report.ts'
import { measure, type Result } from './rounds.ts'
import { measureSmallFiles, smallFilesReport } from './small-files.ts'
import { verifyAll } from './verify.ts'

const QUIET_LOAD = 0.5

/** Rows that may be compared with each other. */
interface Mode {
  readonly title: string
  readonly targets: boolean
}

const PAGE_CACHE: Mode = { title: 'page cache, no flush', targets: true }
const DURABLE: Mode = { title: 'durable, flushed', targets: false }

/** What `--save` writes, besides the figures. */
type Saved = Record<string, unknown>

/** The benchmark: `root` is the project, `programs` the folder of the bundled processes. */
export async function main(root: string, programs: string): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) return
  const machine = describeMachine(options)
  console.log(`${machine.lines.join('\n')}\n`)
  const disk = resolve(options.disk ?? join(root, 'target', 'benchmark'))
  const { places, left } = await makePlaces(options.places, disk, options.size)
  const keys = await writeKeys(await scratch(tmpdir()))
  for (const reason of left) console.log(`left out: ${reason}\n`)
  const { size, rounds, backupRounds } = options
  const saved: Saved = { ...machine.facts, size, rounds, backupRounds }
  if (options.sections.includes('large')) {
    saved['pageCache'] = await large(places, chosen(field(programs, keys), options.only), options, PAGE_CACHE)
  }
  if (options.sections.includes('durable')) {
    const onDisk = places.filter(({ name }) => name === 'disk')
    saved['durable'] = await large(onDisk, chosen(durableField(programs, keys), options.only), options, DURABLE)
  }
  if (options.sections.includes('derive')) {
    const derivations = await measureDerivations(programs, options.rounds, progress)
    console.log(`${derivationReport(derivations)}\n`)
    saved['derivations'] = derivations
  }
  const [place] = places
  if (options.sections.includes('many') && place !== undefined) {
    const many = await measureSmallFiles(programs, keys, place.folder, options.rounds, progress)
    console.log(`${smallFilesReport(many, place.name)}\n`)
    saved['smallFiles'] = many
  }
  Object.assign(saved, await runBackups({ programs, keys, places, options, say: progress }))
  if (options.save) save(root, saved)
}

async function large(
  places: readonly Place[],
  { present, missing }: Field,
  { size, rounds }: Options,
  mode: Mode,
): Promise<Record<string, Result[]>> {
  for (const { name, why } of missing) console.log(`missing: ${name}: ${why}\n`)
  const measured: Record<string, Result[]> = {}
  for (const { name, folder } of places) {
    progress(`${name}: every candidate opens what it seals, and refuses a flipped byte`)
    await verifyAll(present, folder)
    const results = await measure(present, folder, size, rounds, (line) => progress(`${name}, ${mode.title}, ${line}`))
    const heading = `${size / MIB} MiB, ${name}, ${mode.title}`
    console.log(`${largeReport({ heading, size, targets: mode.targets, results })}\n`)
    measured[name] = results
  }
  return measured
}

function progress(line: string): void {
  process.stderr.write(`… ${line}\n`)
}

function describeMachine({ rounds, backupRounds }: Options): { lines: string[]; facts: Saved } {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor'
  const cores = availableParallelism()
  const [load = 0] = loadavg()
  const facts = { date: new Date().toISOString(), cpu, cores, memory: totalmem(), node: process.version, load }
  const system = `${process.platform} ${release()} ${process.arch}`
  return {
    facts: { ...facts, system },
    lines: [
      `${cpu}, ${cores} cores, ${(totalmem() / 1024 / MIB).toFixed(0)} GiB, ${system}, Node ${process.version}`,
      `${rounds} interleaved rounds, ${backupRounds} of backups; each timed run directly after an untimed one of the same candidate; whole processes.`,
      ...(load > QUIET_LOAD ? [`**The machine is not quiet (load ${load.toFixed(2)}): distrust these figures.**`] : []),
    ],
  }
}

function save(root: string, saved: Saved): void {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const folder = join(root, 'benchmark', 'results')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${String(saved['date']).slice(0, 10)}.json`)
  writeFileSync(path, `${JSON.stringify({ version, ...saved }, null, 2)}\n`)
  console.log(`saved as ${path}`)
}
