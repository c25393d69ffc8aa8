import { mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stateFolder, usualStateFolder } from '../../ts/backup/state-dir.ts'
import { rejectionOf } from '../seal/failure.ts'
import { testPlace } from './place.ts'

const place = testPlace()
const { folder } = place

describe('the state directory', () => {
  it('is by default where the system keeps such things', () => {
    const usual = join(homedir(), '.local', 'state', 'holdfast')
    expect(usualStateFolder('linux', {})).toBe(usual)
    expect(usualStateFolder('freebsd', { XDG_STATE_HOME: '/var/state' })).toBe('/var/state/holdfast')
    expect(usualStateFolder('linux', { XDG_STATE_HOME: 'relative' })).toBe(usual)
    expect(usualStateFolder('darwin', { XDG_STATE_HOME: '/x' })).toBe(
      join(homedir(), 'Library/Application Support/holdfast'),
    )
    expect(usualStateFolder('win32', { LOCALAPPDATA: '/local' })).toBe('/local/holdfast')
    expect(usualStateFolder('win32', {})).toBe(join(homedir(), 'AppData/Local/holdfast'))
  })

  it('is what the caller says, or none', () => {
    expect(stateFolder('/state')).toBe('/state')
    expect(stateFolder(new URL('file:///state'))).toBe('/state')
    expect(stateFolder(Buffer.from('/state'))).toEqual(Buffer.from('/state'))
    expect(stateFolder(null)).toBeNull()
    expect(stateFolder(undefined)).toBe(usualStateFolder(process.platform, process.env))
    expect(() => stateFolder(7)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('has a folder for each repository, which only its owner can read', async () => {
    const repository = await place.create()
    const own = `${place.state}/${repository.id}`
    expect(statSync(own).mode & 0o7777).toBe(0o700)
  })

  it('that cannot be kept is a warning, and nothing fails for it', async () => {
    const repository = await place.create(undefined, { stateDir: join(folder.file('no folder'), 'below') })
    expect(repository.warnings.map(({ code }) => code)).toContain('TARGET_UNWRITABLE')
    const sources = folder.at('sources')
    mkdirSync(sources)
    const { complete } = await repository.backup(sources)
    expect(complete).toBe(true)
    expect(await rejectionOf(repository.backup([]))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
