// Folders full of files: made, measured, compared.
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { MIB } from '../options.ts'
import { sameBytes, writeRandom } from '../places.ts'

/** `count` files of random bytes, `lengthOf(number)` long, `perFolder` in each folder below `root`. */
export function makeTree(root: string, count: number, perFolder: number, lengthOf: (file: number) => number): void {
  for (let file = 0; file < count; file += 1) {
    const folder = join(root, `folder-${Math.floor(file / perFolder)}`)
    if (file % perFolder === 0) mkdirSync(folder, { recursive: true })
    writeRandom(join(folder, `${file}.bin`), lengthOf(file))
  }
}

/** Lengths between half and one and a half of their mean that add up to about `size`. */
export function mixedLengths(size: number, count: number): (file: number) => number {
  const mean = size / count
  return (file) => Math.max(1, Math.floor(mean * (0.5 + ((file * 37) % 101) / 100)))
}

/** What all files below `root` have together, as their lengths say. */
export function treeBytes(root: string): number {
  return below(root).reduce((sum, path) => {
    const entry = statSync(join(root, path), { throwIfNoEntry: false })
    return sum + (entry?.isFile() ? entry.size : 0)
  }, 0)
}

/** What two folders differ in, as text; undefined when they have the same entries with the same content. */
export async function difference(one: string, other: string): Promise<string | undefined> {
  const [left, right] = [below(one), below(other)]
  const at = left.findIndex((path, index) => path !== right[index])
  if (at !== -1 || left.length !== right.length) {
    return `${left.length} entries became ${right.length}, from ${left[at] ?? right[left.length]} on`
  }
  for (const path of left) {
    if (!(await sameEntry(join(one, path), join(other, path)))) return `${path} is another one`
  }
  return undefined
}

async function sameEntry(one: string, other: string): Promise<boolean> {
  const [left, right] = [statSync(one), statSync(other)]
  if (left.isDirectory() || right.isDirectory()) return left.isDirectory() && right.isDirectory()
  if (left.size !== right.size) return false
  return left.size > MIB ? sameBytes(one, other) : readFileSync(one).equals(readFileSync(other))
}

function below(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
}
