// The sections of backups: which are wanted, whether there is room, what is missing.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { chosen, type Field, type Missing } from '../contestants.ts'
import { MIB, type Options, type Section } from '../options.ts'
import { freeBytes, type Place } from '../places.ts'
import { type Archiver, archivers } from './archivers.ts'
import { findSqlite, measureDatabase } from './database.ts'
import { databaseReport, unchangedReport, uploadReport, wholeReport } from './report.ts'
import { measureUploads } from './s3.ts'
import { findServer, NO_SERVER } from './server.ts'
import { measureUnchanged } from './unchanged.ts'
import { measureWhole } from './whole.ts'

const FULL_SIZE = 1024 * MIB
const UNCHANGED_FILES = 100_000
const FEWEST_FILES = 1000
/** Room that a section takes at most, in files or databases of the whole size. */
const ROOM = { backup: 5, unchanged: 3, database: 13, s3: 4 } as const

const NO_SQLITE: Missing = {
  name: 'sqlite3',
  why: 'neither in PATH nor named by HOLDFAST_TEST_SQLITE (apt-get install sqlite3): it makes the database',
}

/** What all sections need. */
export interface Surroundings {
  readonly programs: string
  readonly keys: string
  readonly places: readonly Place[]
  readonly options: Options
  readonly say: (line: string) => void
}

/** Runs the wanted ones, prints their reports, and answers with all figures. */
export async function runBackups(around: Surroundings): Promise<Record<string, unknown>> {
  const { programs, keys, places, options } = around
  const { sections, only } = options
  const saved: Record<string, unknown> = {}
  const all = chosen(archivers(programs, keys), only)
  if (sections.some((section) => section === 'backup' || section === 'unchanged' || section === 'database')) {
    tell(all.missing)
  }
  const [place] = places
  if (sections.includes('backup')) saved['backup'] = await whole(around, all)
  if (place === undefined) return saved
  if (sections.includes('unchanged')) saved['unchanged'] = await unchanged(around, all, place)
  if (sections.includes('database')) saved['database'] = await database(around, all, place)
  if (sections.includes('s3')) saved['s3'] = await uploads(around, place)
  return saved
}

async function whole({ places, options, say }: Surroundings, { present }: Field<Archiver>): Promise<unknown> {
  const { size, backupRounds } = options
  const measured: Record<string, unknown> = {}
  for (const place of places) {
    await inFolder(place, 'backup', size, async (folder) => {
      const results = await measureWhole(present, folder, size, backupRounds, say)
      console.log(`${wholeReport(results, size, place.name)}\n`)
      measured[place.name] = results
    })
  }
  return measured
}

function unchanged({ options, say }: Surroundings, { present }: Field<Archiver>, place: Place): Promise<unknown> {
  const { size, backupRounds } = options
  const part = Math.min(1, size / FULL_SIZE)
  const files = Math.max(FEWEST_FILES, Math.round(UNCHANGED_FILES * part))
  return inFolder(place, 'unchanged', FULL_SIZE * part, async (folder) => {
    const results = await measureUnchanged(present, folder, files, backupRounds, say)
    console.log(`${unchangedReport(results, files, place.name)}\n`)
    return { files, results }
  })
}

async function database({ options, say }: Surroundings, { present }: Field<Archiver>, place: Place): Promise<unknown> {
  const sqlite = findSqlite()
  if (sqlite === undefined) return tell([NO_SQLITE])
  return inFolder(place, 'database', options.size, async (folder) => {
    const run = await measureDatabase(sqlite, present, folder, options.size, say)
    console.log(`${databaseReport(run)}\n`)
    return run
  })
}

async function uploads({ programs, keys, options, say }: Surroundings, place: Place): Promise<unknown> {
  const program = findServer()
  if (program === undefined) return tell([NO_SERVER])
  const { size, only, backupRounds: rounds } = options
  return inFolder(place, 's3', size, async (folder) => {
    const run = await measureUploads({ program, programs, keys }, folder, { size, rounds, only }, say)
    console.log(`${uploadReport(run, place.name)}\n`)
    return run
  })
}

function tell(missing: readonly Missing[]): undefined {
  for (const { name, why } of missing) console.log(`missing: ${name}: ${why}\n`)
}

/** Works in a new folder of the place, if that has room. */
async function inFolder<T>(
  { name, folder }: Place,
  section: Section & keyof typeof ROOM,
  size: number,
  work: (folder: string) => Promise<T>,
): Promise<T | undefined> {
  const [free, needed] = [await freeBytes(folder), ROOM[section] * size]
  if (free < needed) {
    const room = [free, needed].map((bytes) => Math.floor(bytes / MIB))
    console.log(`left out: ${section}, ${name}: room for ${room[0]} MiB, not for ${room[1]}\n`)
    return undefined
  }
  const own = join(folder, section)
  await mkdir(own)
  try {
    return await work(own)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}
