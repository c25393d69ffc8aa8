import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { testFolder } from '../seal/folder.ts'

const strace = process.env['HOLDFAST_TEST_STRACE'] ?? ''
const folder = testFolder()

beforeAll(() => {
  if (strace === '') throw new Error('HOLDFAST_TEST_STRACE names no strace: run `npm run test:servers`')
})

/** Stores 300,000 bytes as object `a` of the folder at `root`, and says how that ended. */
const program = (root: string): string => `
  import { localFolder } from ${JSON.stringify(pathToFileURL('dist/index.js').href)}
  const put = localFolder(${JSON.stringify(root)}).put('a', new Uint8Array(300_000), { ifAbsent: true })
  console.log(await put.then(() => 'stored', ({ code, message }) => code + ' ' + message))`

describe('the system below a local folder', () => {
  it.each([
    ['fsync,fdatasync', 'EIO', 'DESTINATION_UNREACHABLE local folder: fsync failed with EIO'],
    ['link,linkat', 'EXDEV', 'DESTINATION_UNREACHABLE local folder: link failed with EXDEV'],
    ['link,linkat', 'EACCES', 'DESTINATION_DENIED local folder: link failed with EACCES'],
    ['link,linkat', 'EPERM', 'stored'],
  ])('rows 25 and 26: %s failing with %s ends as %s', (calls, errno, expected) => {
    const root = folder.at('backup')
    mkdirSync(root)
    const injected = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=${errno}`]
    const args = [...injected, process.execPath, '--input-type=module', '-e', program(root)]
    const { stdout, stderr } = spawnSync(strace, args, { encoding: 'utf8' })
    expect(stdout.trim(), stderr).toBe(expected)
    expect(readdirSync(root)).toEqual(expected === 'stored' ? ['a'] : [])
  })

  it('row 25: a full disk is DESTINATION_FULL, and what was there stays', () => {
    const root = folder.at('small disk')
    mkdirSync(root)
    const script = `
      mount -t tmpfs -o size=200k none ${JSON.stringify(root)} && printf kept > ${JSON.stringify(`${root}/kept`)}
      "$0" --input-type=module -e "$1" && ls -A ${JSON.stringify(root)}`
    const isolated = ['unshare', '--mount', 'sh', '-c', script, process.execPath, program(root)]
    const [command = '', ...args] = process.getuid?.() === 0 ? isolated : ['sudo', '-n', ...isolated]
    const [said, ...left] = execFileSync(command, args, { encoding: 'utf8' }).trim().split('\n')
    expect(said).toBe('DESTINATION_FULL local folder: write failed with ENOSPC')
    expect(left).toEqual(['kept'])
  })
})
