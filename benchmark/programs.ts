// Where other people's programs are.
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Programs of that name: the one that the environment's `variable` names, then those in PATH. */
export function programsNamed(name: string, variable: string): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const places = [process.env[variable] ?? '', ...folders.map((folder) => join(folder, name))]
  return places.filter((place) => place !== '' && existsSync(place))
}

/** Where `npm run test:servers` installs. */
export function testCache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'holdfast-test')
}

/** Programs of that name in a cache that has a folder `NAME-VERSION` for each. */
export function installedIn(cache: string, name: string): string[] {
  if (!existsSync(cache)) return []
  const folders = readdirSync(cache).filter((folder) => folder.startsWith(`${name}-`))
  return folders.map((folder) => join(cache, folder, name)).filter((place) => existsSync(place))
}
