import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { PROGRAM } from '../cli/command.ts'

/** Keys as a terminal sends them. */
export const KEYS = { enter: '\r', down: '\u001b[B', ctrlC: '\u0003', clear: '\u0015' } as const

/** What to type once a text is on the screen. */
export type Step = readonly [seen: string, typed: string]

/** What was seen of a run. */
export interface Screen {
  readonly code: number | null
  /** Everything that came, with control sequences. */
  readonly raw: string
  readonly text: string
}

/** Runs a shell command in the folder `cwd` at a terminal of its own, made by util-linux's `script`, and types. */
export function atTerminal(
  cwd: string,
  command: string,
  steps: readonly Step[],
  env: NodeJS.ProcessEnv = {},
): Promise<Screen> {
  const { NO_COLOR: _, ...inherited } = process.env
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd,
    env: { ...inherited, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
  })
  return new Promise((resolve, reject) => {
    let raw = ''
    const typist = new Typist(child, steps)
    child.stdout.on('data', (piece: Buffer) => {
      raw += piece.toString()
      typist.look(raw)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      const text = stripVTControlCharacters(raw)
      if (typist.done) resolve({ code, raw, text })
      else reject(new Error(`it ended before "${typist.waitsFor}" came: ${text.slice(-800)}`))
    })
  })
}

class Typist {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #steps: readonly Step[]
  #next = 0
  #from = 0

  constructor(child: ChildProcessWithoutNullStreams, steps: readonly Step[]) {
    this.#child = child
    this.#steps = steps
  }

  get done(): boolean {
    return this.#next === this.#steps.length
  }

  get waitsFor(): string {
    return this.#steps[this.#next]?.[0] ?? ''
  }

  /** Types what comes next, once, when its text has come after the one before. */
  look(raw: string): void {
    const step = this.#steps[this.#next]
    if (step === undefined) return
    const at = raw.indexOf(step[0], this.#from)
    if (at === -1) return
    this.#from = at + step[0].length
    this.#next += 1
    // The terminal is switched to unseen typing right after the question is shown.
    setTimeout(() => this.#child.stdin.write(step[1]), 150)
  }
}

/** The command line as a word of a shell command. */
export const commandOf = (...words: readonly string[]): string =>
  ['exec', process.execPath, PROGRAM, ...words].map((word) => (word === 'exec' ? word : `'${word}'`)).join(' ')
