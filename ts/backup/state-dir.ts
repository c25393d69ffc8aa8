import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { invalid } from '../errors.ts'
import { filePath, type NativePath } from '../file-path.ts'

const NAME = 'holdfast'

/** Where this machine keeps what it knows about repositories. */
export interface StateOptions {
  /**
   * A folder for all repositories; made with the first one, readable by its owner only. It has what was last seen of each
   * repository, by which an older state is noticed, what speeds up the next backup, and a lock between processes. It may
   * be deleted; the repository's past is then believed.
   *
   * By default `holdfast` in `$XDG_STATE_HOME`, which is `~/.local/state` by default; on macOS in
   * `~/Library/Application Support`, on Windows in `%LOCALAPPDATA%`. Null keeps nothing: every backup then reads all
   * files, and an older state is not noticed.
   */
  readonly stateDir?: string | URL | Uint8Array | null | undefined
}

/**
 * The folder that `stateDir` stands for, as the addon takes it.
 *
 * @throws `INVALID_ARGUMENT` for what is no path, and when this user has no home folder.
 * @internal
 */
export function stateFolder(stateDir: unknown): NativePath | null {
  if (stateDir === null) return null
  return stateDir === undefined ? usualStateFolder(process.platform, process.env) : filePath(stateDir, 'stateDir')
}

/**
 * The folder by default.
 *
 * @internal
 */
export function usualStateFolder(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): string {
  if (platform === 'darwin') return join(home(), 'Library', 'Application Support', NAME)
  if (platform === 'win32') return join(absolute(environment['LOCALAPPDATA']) ?? join(home(), 'AppData', 'Local'), NAME)
  return join(absolute(environment['XDG_STATE_HOME']) ?? join(home(), '.local', 'state'), NAME)
}

/** A relative path is no setting (XDG Base Directory Specification). */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined
}

function home(): string {
  try {
    const path = homedir()
    if (isAbsolute(path)) return path
  } catch (cause) {
    throw invalid('stateDir must be given: this user has no home folder', { cause })
  }
  throw invalid('stateDir must be given: this user has no home folder')
}
