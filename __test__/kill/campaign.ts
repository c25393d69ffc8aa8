import { existsSync, lstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'vitest'
import { createRepository, generateKey, localFolder, openRepository, type Repository } from '../../ts/index.ts'
import type { Described } from '../backup/tree.ts'
import type { Random } from './random.ts'
import { restored, Tree } from './tree.ts'
import { commandOf, type Ended, killedAfter, undisturbed, type Victim, workerOf } from './victim.ts'

/** What a backup stores besides content: a pack of pages, an index, a snapshot. */
const OVERHEAD = 131_072

/** What is killed: a program that uses the library, or the command. */
type Kind = 'worker' | 'command'

/** How many bytes `content` bytes may become: a last pack is padded by at most an eighth. */
const stored = (content: number): number => Math.ceil(content * 1.125) + OVERHEAD

/** One repository in a folder, whose backups and restores are killed again and again. */
export class Campaign {
  readonly #place: string
  readonly #random: Random
  readonly #key = generateKey()
  readonly #tree: Tree
  /** What every snapshot holds of which it is known that it is there. */
  readonly #known = new Map<string, Described>()
  /** What a victim needs to open the repository: a program of the library's, and the command. */
  readonly #opening: { readonly worker: string[]; readonly command: string[] }
  #state = ''
  #stateNames: string[] = []
  /** The snapshot that lies half restored in the target. */
  #unfinished: string | undefined
  /** How long victims work, by kind: what is learnt from those that live. */
  readonly #spans = new Map<string, number>()
  /** How long the command takes before it works. */
  #startup = 0
  /** How many processes died. */
  kills = 0

  constructor(place: string, random: Random) {
    this.#place = place
    this.#random = random
    this.#tree = new Tree(this.#at('source'), random)
    this.#opening = {
      worker: [this.#at('backup'), this.#at('state'), this.#at('key')],
      command: ['--key-file', this.#at('key'), '--state-dir', this.#at('state'), '--json'],
    }
  }

  /** Kills until so many processes have died, by turns in a backup and in a restore. */
  async run(kills: number): Promise<void> {
    await this.#begin()
    for (let turns = 0; this.kills < kills; turns += 1) {
      expect(turns, 'too few processes died before their end').toBeLessThan(kills * 4)
      if (turns % 2 === 0) await this.#killBackup()
      else await this.#killRestore()
    }
    await this.#end()
  }

  async #begin(): Promise<void> {
    writeFileSync(this.#at('key'), this.#key.format(), { mode: 0o600 })
    await using repository = await createRepository(localFolder(this.#at('backup')), {
      to: this.#key,
      stateDir: this.#at('state'),
    })
    this.#state = join(this.#at('state'), repository.id)
    this.#tree.fill()
    const version = await undisturbed(commandOf(['--version']))
    this.#startup = version.lived
    const first = await undisturbed(this.#backup('worker'))
    this.#know(acknowledged(first) ?? first.stderr, this.#tree.contents())
    this.#stateNames = this.#stateFiles()
    for (const kind of ['worker', 'command']) {
      this.#spans.set(`${kind} backup`, first.lived)
      this.#spans.set(`${kind} restore`, first.lived)
    }
  }

  async #killBackup(): Promise<void> {
    const content = this.#tree.change()
    const now = this.#tree.contents()
    const before = this.#indexes()
    const victim = await this.#kill('backup', (kind) => this.#backup(kind))
    await using repository = await this.#open()
    await this.#findsNothingLost(repository, victim, now)
    const isStored = this.#indexes().length > before.length || this.#journal().length > 0
    const result = await repository.backup(this.#tree.path)
    expect(result).toMatchObject({ complete: true, warnings: [] })
    expect(result.storedBytes).toBeLessThan(stored(isStored ? 0 : content))
    this.#know(result.id, now)
    await this.#restoresWhole(repository, result.id)
    this.#findsNothingLeft()
  }

  async #killRestore(): Promise<void> {
    const id = this.#unfinished ?? this.#random.of([...this.#known.keys()])
    await this.#kill('restore', (kind) => this.#restore(kind, id))
    const finished = this.#finishedFiles(id)
    this.#unfinished = id
    if (this.#random.below(3) === 0) return
    await using repository = await this.#open()
    const result = await repository.restore(id, { to: this.#at('target') })
    expect(result).toMatchObject({ complete: true, problems: [], warnings: [] })
    expect(result.kept).toBeGreaterThanOrEqual(finished)
    this.#isWhole(this.#at('target'), id)
    rmSync(this.#at('target'), { recursive: true })
    this.#unfinished = undefined
  }

  async #end(): Promise<void> {
    await using repository = await this.#open()
    expect(await checked(repository)).toEqual([])
    for (const id of this.#known.keys()) await this.#restoresWhole(repository, id)
  }

  /** All that was acknowledged is there, and the process that died added at most what it had to add. */
  async #findsNothingLost(repository: Repository, victim: Ended, now: Described): Promise<void> {
    const listed: string[] = []
    for await (const { id } of repository.snapshots()) listed.push(id)
    const more = listed.filter((id) => !this.#known.has(id))
    expect(more.length).toBeLessThanOrEqual(1)
    for (const id of more) this.#know(id, now)
    const acknowledgedId = acknowledged(victim)
    if (acknowledgedId !== undefined) expect(more).toEqual([acknowledgedId])
    expect(listed.sort()).toEqual([...this.#known.keys()].sort())
    expect(await checked(repository)).toEqual([])
    await this.#restoresWhole(repository, more[0] ?? this.#random.of(listed))
  }

  /** What processes that died left behind went with the backup that followed. */
  #findsNothingLeft(): void {
    expect(readdirSync(this.#at('backup')).sort()).toEqual(['e1', 'holdfast.json'])
    expect(this.#stateFiles()).toEqual(this.#stateNames)
    expect(this.#journal()).toEqual([])
  }

  /** Files that have their names are whole; returns how many there are. */
  #finishedFiles(id: string): number {
    const source = join(this.#at('target'), basename(this.#tree.path))
    if (!existsSync(source)) return 0
    const files = Object.entries(restored(source)).filter(([, what]) => what.includes(' file '))
    for (const [path, what] of files) expect(what, path).toBe(this.#known.get(id)?.[path])
    return files.length
  }

  async #restoresWhole(repository: Repository, id: string): Promise<void> {
    const to = this.#at('whole')
    const result = await repository.restore(id, { to })
    expect(result).toMatchObject({ complete: true, problems: [], kept: 0 })
    this.#isWhole(to, id)
    rmSync(to, { recursive: true })
  }

  #isWhole(target: string, id: string): void {
    const name = basename(this.#tree.path)
    expect(readdirSync(target)).toEqual([name])
    expect(restored(join(target, name))).toEqual(this.#known.get(id))
  }

  async #open(): Promise<Repository> {
    const store = localFolder(this.#at('backup'))
    const repository = await openRepository(store, { with: this.#key, stateDir: this.#at('state') })
    expect(repository.warnings).toEqual([])
    return repository
  }

  #know(id: string, what: Described): void {
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    this.#known.set(id, what)
  }

  #backup(kind: Kind): Victim {
    const { worker, command } = this.#opening
    if (kind === 'worker') return workerOf(worker, 'backup', this.#tree.path)
    return commandOf(['backup', this.#tree.path, '--to', this.#at('backup'), ...command])
  }

  #restore(kind: Kind, id: string): Victim {
    const { worker, command } = this.#opening
    if (kind === 'worker') return workerOf(worker, 'restore', this.#at('target'), id)
    return commandOf(['restore', this.#at('backup'), '--target', this.#at('target'), '--snapshot', id, ...command])
  }

  /**
   * Lets a process work and kills it at a moment of its work that is as likely as any other. Three of four say when they
   * begin to work. Moments lie within a span that grows with each death, so that some live, whatever else the machine does.
   */
  async #kill(work: 'backup' | 'restore', victimOf: (kind: Kind) => Victim): Promise<Ended> {
    const kind = this.#random.below(4) === 0 ? 'command' : 'worker'
    const startup = kind === 'worker' ? 0 : this.#startup
    const span = this.#spans.get(`${kind} ${work}`) ?? 0
    const ms = startup + this.#random.fraction() * span
    const victim = await killedAfter(victimOf(kind), kind === 'worker' ? 'its word' : 'its start', ms)
    if (!victim.killed) expect(victim.code, victim.stderr).toBe(0)
    this.kills += Number(victim.killed)
    this.#spans.set(`${kind} ${work}`, victim.killed ? span * 1.1 : (span + victim.lived - startup) / 2)
    return victim
  }

  #indexes(): string[] {
    return namesIn(join(this.#at('backup'), 'e1', 'indexes'))
  }

  /** Packs that are stored and that no index names yet. */
  #journal(): string[] {
    return namesIn(join(this.#state, 'journal'))
  }

  /** What the state folder holds; drafts of its pin stay for an hour. */
  #stateFiles(): string[] {
    const names = readdirSync(this.#state, { recursive: true, encoding: 'utf8' })
    return names.filter((name) => !name.endsWith('.draft') && lstatSync(join(this.#state, name)).isFile()).sort()
  }

  #at(name: string): string {
    return join(this.#place, name)
  }
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

async function checked(repository: Repository): Promise<readonly unknown[]> {
  const { ok, problems } = await repository.check({ read: 'all' })
  expect(ok).toBe(problems.length === 0)
  return problems
}

/** The snapshot that a process said it had made, which it may have said before it died. */
function acknowledged({ stdout }: Ended): string | undefined {
  return /^([0-9a-f]{32})$/m.exec(stdout)?.[1] ?? /"id":"([0-9a-f]{32})"/.exec(stdout)?.[1]
}
