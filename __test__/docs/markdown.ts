import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Paths of all documents, from the project's folder. */
export const documents = [
  ...readdirSync(root),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
].filter((path) => path.endsWith('.md'))

/** The text of a document. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The contents of a document's code blocks; only those of one language, if it is given. */
export function blocks(path: string, language?: string): string[] {
  const fenced = [...read(path).matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)]
  return fenced
    .filter(([, found]) => language === undefined || found === language)
    .map(([, , content]) => content ?? '')
}
