import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { done, outcome } from '../cli/command.ts'
import { content, testFolder } from '../seal/folder.ts'

const AGE = process.env['HOLDFAST_TEST_AGE'] ?? expect.fail('HOLDFAST_TEST_AGE must name age 1.3')
const KEYGEN = process.env['HOLDFAST_TEST_AGE_KEYGEN'] ?? expect.fail('HOLDFAST_TEST_AGE_KEYGEN must name age-keygen')
const folder = testFolder()

/** What `program` prints, which must succeed. */
function printed(program: string, args: readonly string[], input: Uint8Array | string = ''): Buffer {
  const { status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 1 << 28 })
  expect(status, stderr.toString()).toBe(0)
  return stdout
}

describe('age and the command line', () => {
  it('a key file of ours is an identity file of age', async () => {
    const [key, source] = [folder.fresh(), folder.file(content(1_048_577))]
    await done(['key', 'new', '--out', key])
    await done(['seal', source, '--key-file', key])
    expect(printed(AGE, ['-d', '-i', key, `${source}.age`]).equals(content(1_048_577))).toBe(true)
    const { stdout } = await done(['key', 'show', key, '--recipient'])
    expect(printed(KEYGEN, ['-y', key]).toString()).toBe(stdout)
  })

  it('an identity file of age, of either type, is one of ours', async () => {
    for (const [option, type] of [
      ['--key-file', ['-pq']],
      ['--identity-file', ['-pq']],
      ['--identity-file', []],
    ] as const) {
      const [identity, sealed, opened] = [folder.fresh(), folder.fresh(), folder.fresh()]
      printed(KEYGEN, [...type, '-o', identity])
      const recipient = printed(KEYGEN, ['-y', identity]).toString().trim()
      printed(AGE, ['-r', recipient, '-o', sealed], 'content')
      await done(['open', sealed, '-o', opened, option, identity])
      expect(readFileSync(opened, 'utf8')).toBe('content')
      const ours = folder.fresh()
      await done(['seal', opened, '-o', ours, '--recipient', recipient])
      expect(printed(AGE, ['-d', '-i', identity, ours]).toString()).toBe('content')
    }
  })

  it('armored files of age open', async () => {
    const [key, sealed] = [folder.fresh(), folder.fresh()]
    await done(['key', 'new', '--out', key])
    const { stdout: recipient } = await done(['key', 'show', key, '--recipient'])
    printed(AGE, ['-a', '-r', recipient.trim(), '-o', sealed], content(70_000))
    expect((await done(['open', sealed, '-o', '-', '--key-file', key])).bytes.equals(content(70_000))).toBe(true)
    expect((await done(['inspect', sealed])).stdout).toContain('ASCII armor')
  })

  it('the quickstart opens its file with age where it is in PATH', async () => {
    const quickstart = fileURLToPath(new URL('../../examples/quickstart.mjs', import.meta.url))
    const env = {
      ...process.env,
      PATH: `${dirname(AGE)}${delimiter}${process.env['PATH']}`,
      XDG_DATA_HOME: folder.at('data'),
    }
    const { code, stdout } = await outcome(
      spawn(process.execPath, [quickstart, '--built', folder.file(content(70_000))], { env }),
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/opened by age v1\.3\.\d+ too, and compared: equal to the original/)
  })
})
