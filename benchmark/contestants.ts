import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Command } from './process.ts'
import { installedIn, programsNamed, testCache } from './programs.ts'

export type Direction = 'seal' | 'open'

/** One way to seal and open a file, as commands. */
export interface Contestant {
  readonly name: string
  readonly title: string
  /** Measured on this part of the file, because all of it would take minutes. */
  readonly fraction: number
  /** Whether opening must refuse a changed byte. */
  readonly authenticates: boolean
  command(direction: Direction, source: string, target: string): Command
  /** Arguments that make the process tell about its event loop, in untimed runs. */
  readonly watch: readonly string[]
}

/** A peer that is not installed. */
export interface Missing {
  readonly name: string
  readonly why: string
}

/** Who takes part, and who would if they were installed. */
export interface Field<T = Contestant> {
  readonly present: readonly T[]
  readonly missing: readonly Missing[]
}

/** Those of a field that `only` names; all of them when it is empty. */
export function chosen<T extends { readonly name: string }>(
  { present, missing }: Field<T>,
  only: readonly string[],
): Field<T> {
  if (only.length === 0) return { present, missing }
  const wanted = ({ name }: { readonly name: string }) => only.includes(name)
  return { present: present.filter(wanted), missing: missing.filter(wanted) }
}

const SLOW = 1 / 8

/** Candidates that are packages: the title in the tables and the package to find. */
const IN_NODE = [
  { name: 'node-stream-1m', title: 'node:crypto, streams of 1 MiB, one message', needs: undefined, fraction: 1 },
  { name: 'node-stream-64k', title: "node:crypto, the tutorial's 64 KiB streams", needs: undefined, fraction: 1 },
  { name: 'node-workers', title: 'node:crypto, AES-256-GCM, two workers', needs: undefined, fraction: 1 },
  { name: 'sodium-native', title: 'sodium-native, secretstream', needs: 'sodium-native', fraction: 1 },
  { name: 'sodium-wasm', title: 'libsodium-wrappers, secretstream', needs: 'libsodium-wrappers', fraction: SLOW },
  { name: 'noble', title: '@noble/ciphers', needs: '@noble/ciphers/chacha.js', fraction: SLOW },
  { name: 'age-encryption', title: 'age-encryption (JavaScript)', needs: 'age-encryption', fraction: SLOW },
] as const

const AGE_VERSION = 'v1.3.2'

/** Everyone for the page-cache rows. */
export function field(programs: string, keys: string): Field {
  const inNode = new InNode(programs, keys)
  const age = findAge()
  const present: Contestant[] = [copy(false), inNode.holdfast('holdfast', 'holdfast')]
  const missing: Missing[] = []
  if (age === undefined) missing.push(NO_AGE)
  else present.push(ageProgram(age, keys, false))
  for (const { name, title, needs, fraction } of IN_NODE) {
    if (needs === undefined || installed(needs)) present.push(inNode.peer(name, title, fraction))
    else missing.push({ name, why: `package ${needs} is not installed` })
  }
  return { present, missing }
}

/** Those for the durable rows: the others do not flush by themselves, so `sync` does it for them. */
export function durableField(programs: string, keys: string): Field {
  const age = findAge()
  const ours = new InNode(programs, keys).holdfast('holdfast-durable', 'holdfast, as shipped')
  return {
    present: [copy(true), ours, ...(age === undefined ? [] : [ageProgram(age, keys, true)])],
    missing: age === undefined ? [NO_AGE] : [],
  }
}

const NO_AGE: Missing = {
  name: 'age',
  why: `neither in PATH nor named by HOLDFAST_TEST_AGE (go install, ${AGE_VERSION})`,
}

/** The path of `age` 1.3 or newer: older ones do not know the 64-digit key. */
export function findAge(): string | undefined {
  const places = [...programsNamed('age', 'HOLDFAST_TEST_AGE'), ...installedIn(testCache(), 'age')]
  return places.find(speaksPostQuantum)
}

function speaksPostQuantum(age: string): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(ageVersion(age)) ?? []
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 3)
}

/** What `age --version` prints. */
export function ageVersion(age: string): string {
  return spawnSync(age, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
}

function installed(specifier: string): boolean {
  try {
    import.meta.resolve(specifier)
    return true
  } catch {
    return false
  }
}

function flushed(argv: readonly string[], target: string, flush: boolean): Command {
  return flush ? { argv, flush: target } : { argv }
}

function copy(flush: boolean): Contestant {
  return {
    name: 'cp',
    title: flush ? 'cp, then sync' : 'cp',
    fraction: 1,
    authenticates: false,
    watch: [],
    command: (_, source, target) => flushed(['cp', source, target], target, flush),
  }
}

function ageProgram(age: string, keys: string, flush: boolean): Contestant {
  const how = { seal: ['-R', join(keys, 'recipient')], open: ['-d', '-i', join(keys, 'identity')] }
  return {
    name: 'age',
    title: flush ? 'age, then sync' : `age ${ageVersion(age)}`,
    fraction: 1,
    authenticates: true,
    watch: [],
    command: (direction, source, target) => flushed([age, ...how[direction], '-o', target, source], target, flush),
  }
}

class InNode {
  readonly #program: string
  readonly #keys: string

  constructor(programs: string, keys: string) {
    this.#program = join(programs, 'candidate.mjs')
    this.#keys = keys
  }

  /** holdfast, with one of the ways that `candidate.ts` calls it. */
  holdfast(way: string, title: string): Contestant {
    return { ...this.peer(way, title, 1), name: 'holdfast', watch: ['--watch'] }
  }

  peer(name: string, title: string, fraction: number): Contestant {
    const command = (direction: Direction, source: string, target: string): Command => {
      return { argv: [process.execPath, this.#program, name, direction, source, target, this.#keys] }
    }
    return { name, title, fraction, authenticates: true, watch: [], command }
  }
}
