import { parseArgs } from 'node:util'

export const MIB = 1024 * 1024

const HELP = `npm run bench -- [options]

  --size MIB        size of the large file, of whole backups, of the database, of uploads (1024);
                    below 1024 the unchanged files are fewer in proportion
  --rounds N        timed rounds of each candidate (5; 3 of backups)
  --disk DIR        where the disk rows are measured (target/benchmark)
  --places LIST     disk, tmpfs or both (disk,tmpfs)
  --sections LIST   of files: large, durable, derive, many; of backups: backup, unchanged, database, s3 (all)
  --only LIST       candidates of the large file: holdfast, age, cp, node-stream-1m, node-stream-64k,
                    node-workers, sodium-native, sodium-wasm, noble, age-encryption;
                    of backups: holdfast, restic, borg-blake2, borg; of s3: holdfast, aws-sdk
  --save            write benchmark/results/DATE.json
  --no-build        measure what is built already`

const SECTIONS = ['large', 'durable', 'derive', 'many', 'backup', 'unchanged', 'database', 's3'] as const
const ROUNDS = 5
const BACKUP_ROUNDS = 3
export type Section = (typeof SECTIONS)[number]

/** What one run of the benchmark measures. */
export interface Options {
  readonly size: number
  readonly rounds: number
  /** Of whole backups. */
  readonly backupRounds: number
  readonly disk: string | undefined
  readonly places: readonly string[]
  readonly sections: readonly Section[]
  readonly only: readonly string[]
  readonly save: boolean
}

/** The command line's options, or undefined when it asked for help. */
export function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      size: { type: 'string', default: '1024' },
      rounds: { type: 'string' },
      disk: { type: 'string' },
      places: { type: 'string', default: 'disk,tmpfs' },
      sections: { type: 'string', default: SECTIONS.join(',') },
      only: { type: 'string', default: '' },
      save: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  const sections = list(values.sections)
  const rounds = values.rounds === undefined ? undefined : count(values.rounds, '--rounds')
  return {
    size: count(values.size, '--size') * MIB,
    rounds: rounds ?? ROUNDS,
    backupRounds: rounds ?? BACKUP_ROUNDS,
    disk: values.disk,
    places: list(values.places),
    sections: SECTIONS.filter((section) => sections.includes(section)),
    only: list(values.only),
    save: values.save,
  }
}

function count(text: string, option: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${option} needs a whole number from 1`)
  return value
}

function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '')
}
