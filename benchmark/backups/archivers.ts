import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import type { Field, Missing } from '../contestants.ts'
import type { Command } from '../process.ts'
import { programsNamed } from '../programs.ts'

/** One way to keep backups, as commands; `home` is a folder for its repository and all else that it keeps. */
export interface Archiver {
  readonly name: string
  readonly title: string
  /** Makes a repository. */
  init(home: string): Command
  /** Unlocks the repository, in every way it has, and does nothing else. */
  readonly openings: readonly Opening[]
  /** Backs up the folder `source` as the snapshot `label`. */
  backup(home: string, source: string, label: string): Command
  /** Restores the newest snapshot, which is `label`, into the empty folder `target`. */
  restore(home: string, target: string, label: string): Command
  /** Where in `target` the content of `source` comes back. */
  restored(target: string, source: string): string
}

/** One way to unlock a repository. */
export interface Opening {
  readonly title: string
  open(home: string): Command
}

const BORG_MODES = [
  { name: 'borg-blake2', encryption: 'repokey-blake2' },
  { name: 'borg', encryption: 'repokey' },
] as const

/** Where an archiver's repository is in its home. */
export function repositoryIn(home: string): string {
  return join(home, 'repository')
}

/** holdfast, restic, and borg with either of its ciphers. */
export function archivers(programs: string, keys: string): Field<Archiver> {
  const [restic] = programsNamed('restic', 'HOLDFAST_TEST_RESTIC')
  const [borg] = programsNamed('borg', 'HOLDFAST_TEST_BORG')
  const missing: Missing[] = []
  const present = [holdfast(programs, keys)]
  if (restic === undefined) missing.push(absent('restic', 'HOLDFAST_TEST_RESTIC', 'restic'))
  else present.push(resticProgram(restic, keys))
  if (borg === undefined) missing.push(absent('borg', 'HOLDFAST_TEST_BORG', 'borgbackup'))
  else present.push(...BORG_MODES.map(({ name, encryption }) => borgProgram(borg, keys, name, encryption)))
  return { present, missing }
}

function absent(name: string, variable: string, debianPackage: string): Missing {
  return { name, why: `neither in PATH nor named by ${variable} (apt-get install ${debianPackage})` }
}

function holdfast(programs: string, keys: string): Archiver {
  const command = (...args: string[]): Command => {
    return { argv: [process.execPath, join(programs, 'archive.mjs'), keys, ...args] }
  }
  return {
    name: 'holdfast',
    title: 'holdfast',
    init: (home) => command('init', home),
    openings: [
      { title: 'holdfast, 64-digit key', open: (home) => command('open', home) },
      { title: 'holdfast, password', open: (home) => command('open-password', home) },
    ],
    backup: (home, source) => command('backup', home, source),
    restore: (home, target) => command('restore', home, target),
    restored: (target, source) => join(target, basename(source)),
  }
}

function resticProgram(program: string, keys: string): Archiver {
  const base = ['--quiet', '--password-file', join(keys, 'password')]
  const command = (home: string, ...args: string[]): Command => {
    return { argv: [program, ...base, '--repo', repositoryIn(home), '--cache-dir', join(home, 'cache'), ...args] }
  }
  const title = words(program, 'version')
  return {
    name: 'restic',
    title,
    init: (home) => command(home, 'init'),
    openings: [{ title, open: (home) => command(home, 'cat', 'config') }],
    backup: (home, source) => ({ ...command(home, 'backup', '.'), cwd: source }),
    restore: (home, target) => ({ ...command(home, 'restore', 'latest', '--target', target), flush: target }),
    restored: (target) => target,
  }
}

function borgProgram(program: string, keys: string, name: string, encryption: string): Archiver {
  const command = (home: string, ...args: string[]): Command => {
    const password = `cat '${join(keys, 'password')}'`
    return { argv: [program, ...args], env: { BORG_BASE_DIR: home, BORG_PASSCOMMAND: password } }
  }
  const snapshot = (home: string, label: string) => `${repositoryIn(home)}::${label}`
  const title = `${words(program, '--version')}, ${encryption}`
  return {
    name,
    title,
    init: (home) => command(home, 'init', '--encryption', encryption, repositoryIn(home)),
    openings: [{ title, open: (home) => command(home, 'list', repositoryIn(home)) }],
    backup: (home, source, label) => ({ ...command(home, 'create', snapshot(home, label), '.'), cwd: source }),
    restore: (home, target, label) => {
      return { ...command(home, 'extract', snapshot(home, label)), cwd: target, flush: target }
    },
    restored: (target) => target,
  }
}

/** Name and version, as the program itself tells them. */
function words(program: string, question: string): string {
  const { stdout } = spawnSync(program, [question], { encoding: 'utf8' })
  return (stdout ?? '').trim().split(/\s+/).slice(0, 2).join(' ')
}
