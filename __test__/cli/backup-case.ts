import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { generateKey } from '../../ts/index.ts'
import { content, testFolder } from '../seal/folder.ts'
import { done, holdfast, type Outcome, type Setting } from './command.ts'

/** A name that would clear the screen and begin a line, were it printed as it is. */
export const CONTROL_NAME = 'odd\u001b[2J\nname'
/** How it is shown. */
export const CONTROL_SHOWN = 'odd\\u{1b}[2J\\u{a}name'

/** Milliseconds after which a file counts as settled, and some more. */
const SETTLED_MS = 2500

/** A folder to back up, a key, and a place for the backup, for every test of the file that calls this. */
export function backupCase(): BackupCase {
  return new BackupCase()
}

type TestFolder = Pick<ReturnType<typeof testFolder>, 'path' | 'at' | 'fresh' | 'file' | 'content'>

class BackupCase {
  readonly folder: TestFolder = testFolder()
  readonly #kept = new Map<string, string>()

  constructor() {
    afterAll(() => {
      for (const place of this.#kept.values()) rmSync(place, { recursive: true, force: true })
    })
  }

  /** Where the backup is. */
  get dest(): string {
    return this.folder.at('backup')
  }

  /** The options that open the backup. */
  get key(): string[] {
    const path = this.folder.at('my.key')
    writeFileSync(path, KEY_TEXT)
    chmodSync(path, 0o600)
    return ['--key-file', path]
  }

  /** Files in folders, links, odd names. */
  media(): string {
    const path = this.folder.at('Media')
    mkdirSync(join(path, '2026/empty'), { recursive: true })
    writeFileSync(join(path, 'a.mov'), content(300_000))
    writeFileSync(join(path, '2026/b.txt'), 'the second file')
    writeFileSync(join(path, CONTROL_NAME), 'odd')
    symlinkSync('../a.mov', join(path, '2026/link'))
    chmodSync(join(path, '2026/b.txt'), 0o640)
    return path
  }

  /** Waits until files are old enough: one that was changed a moment ago is read again next time. */
  async settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
  }

  /** Runs `holdfast ARGS` with the key and a state folder of the test's own. */
  run(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
    return holdfast([...args, ...this.key], this.#setting(setting))
  }

  /** As {@link run}, and expects success. */
  done(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
    return done([...args, ...this.key], this.#setting(setting))
  }

  /** As {@link done}, for commands that take no credential, or another one. */
  doneWithoutKey(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
    return done(args, this.#setting(setting))
  }

  /** As {@link run}, for commands that take no credential, or another one. */
  runWithoutKey(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
    return holdfast(args, this.#setting(setting))
  }

  /** A backup with one snapshot of {@link media}. */
  backedUp(): Promise<void> {
    return this.prepared('one snapshot', async () => {
      await this.done(['init', this.dest])
      await this.done(['backup', this.media(), '--to', this.dest])
    })
  }

  /** What `make` makes in the folder: it is called for the first test that needs it, others get a copy. */
  async prepared(name: string, make: () => Promise<void>): Promise<void> {
    const kept = this.#kept.get(name)
    if (kept !== undefined) return copyAll(kept, this.folder.path)
    await make()
    const place = mkdtempSync(join(tmpdir(), 'holdfast prepared '))
    this.#kept.set(name, place)
    copyAll(this.folder.path, place)
  }

  /** The environment in which the machine's state is the test's own. */
  get env(): NodeJS.ProcessEnv {
    const state = this.folder.at('state')
    return { XDG_STATE_HOME: state, LOCALAPPDATA: state, ...(process.platform === 'darwin' && { HOME: state }) }
  }

  #setting(setting: Setting): Setting {
    return { cwd: this.folder.path, ...setting, env: { ...this.env, ...setting.env } }
  }
}

/** Copies what is in a folder, with every time to the nanosecond. */
function copyAll(from: string, to: string): void {
  execFileSync('cp', ['-a', `${from}/.`, to])
}

const KEY_TEXT = `${generateKey().identity()}\n`

/** What is in a folder: for each path its mode and modification time, and a file's content or a link's target. */
export function tree(root: string, at = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(join(root, at))) {
    const path = join(at, name)
    const entry = lstatSync(join(root, path))
    const what = entry.isFile()
      ? readFileSync(join(root, path)).toString('latin1')
      : entry.isSymbolicLink()
        ? readlinkSync(join(root, path))
        : 'folder'
    found[path] = `${entry.mode.toString(8)} ${entry.isSymbolicLink() ? '' : entry.mtimeMs} ${what}`
    if (entry.isDirectory()) Object.assign(found, tree(root, path))
  }
  return found
}

/** Every file below a folder, by its path from there. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

/** Flips one bit in the middle of a file. */
export function flip(path: string): void {
  const bytes = readFileSync(path)
  const middle = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  chmodSync(path, 0o600)
  writeFileSync(path, bytes)
}

/** The lines of JSON that were printed. */
export function jsonLines({ stdout }: Outcome): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
