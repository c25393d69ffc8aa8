import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Which addon a copy of the package has. */
export type AddonChoice = 'shipped' | 'faults' | 'none'

const FOLDERS = { shipped: 'ts/native/generated', faults: 'target/faults' }

/** What the fault build of the addon has beside the API's own functions. */
export interface Faults {
  faultFileCall(name: string | null, nth: number, errno: number, stays: boolean): void
  faultInterrupt(interrupt: boolean): void
  faultPanic(control: object): Promise<void>
  faultPanicInTask(): void
  faultRandom(fails: boolean): void
  faultReset(): string | null
  faultShort(short: boolean): void
}

/** A copy of the built package as an application would have it installed, for one test or one file of tests. */
export class PackageCopy {
  readonly path = mkdtempSync(join(tmpdir(), 'holdfast package '))

  constructor(choice: AddonChoice) {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('dist is missing: run `npm run build:ts`')
    copyFileSync(join(root, 'package.json'), join(this.path, 'package.json'))
    cpSync(join(root, 'dist'), join(this.path, 'dist'), { recursive: true })
    mkdirSync(join(this.path, 'ts/native/generated'), { recursive: true })
    if (choice === 'none') return
    for (const name of readdirSync(join(root, FOLDERS[choice]))) {
      if (name.endsWith('.node')) copyFileSync(join(root, FOLDERS[choice], name), this.#addon(name))
    }
  }

  /** The address of a module of the copy. */
  url(module = 'index.js'): string {
    return pathToFileURL(join(this.path, 'dist', module)).href
  }

  /** The package as its users import it. */
  async index(): Promise<typeof import('../../ts/index.ts')> {
    return await import(/* @vite-ignore */ this.url())
  }

  /** The copy's own addon. */
  addon(): Faults & Record<string, unknown> {
    const [name = ''] = readdirSync(this.#addon('')).filter((entry) => entry.endsWith('.node'))
    return createRequire(import.meta.url)(this.#addon(name))
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  #addon(name: string): string {
    return join(this.path, 'ts/native/generated', name)
  }
}

/** A copy that is removed when the test ends. */
export function packageCopy(choice: AddonChoice): PackageCopy {
  const copy = new PackageCopy(choice)
  onTestFinished(() => copy.remove())
  return copy
}
