// npm run test:servers: pinned versions of other people's programs, then the tests that need them.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run } from './command.mjs'
import { prepare } from './prepare.mjs'
import { conclude, runSuite } from './report.mjs'
import { vitest } from './suites.mjs'

const AGE = 'v1.3.2'
const VERSITYGW = 'v1.8.0'
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast-test')

/** Each finds its program or installs it, and answers with what the tests get to know about it. */
const PROGRAMS = { age, strace, versitygw }

const known = {}
const programs = await runSuite({
  name: 'programs',
  needs: 'Go, apt, the network',
  steps: Object.entries(PROGRAMS).map(
    ([name, provide]) =>
      () =>
        provided(name, provide),
  ),
})
await prepare({ faults: true })
const servers = await runSuite({
  name: 'servers',
  needs: Object.keys(PROGRAMS).join(', '),
  steps: [() => vitest('servers')(known)],
})
conclude([programs, servers])

/** A program that cannot be had is a failure, never a skip. */
async function provided(name, provide) {
  try {
    Object.assign(known, await provide())
    console.log(`${name}: ready`)
    return { passed: 1, failed: 0 }
  } catch (error) {
    console.error(`${name}: ${error.message}`)
    return { passed: 0, failed: 1 }
  }
}

async function age() {
  const program = await goProgram('age', 'filippo.io/age/cmd/...', AGE)
  const { output } = await run(program('age'), ['--version'], { quiet: true })
  if (output.trim() !== AGE) throw new Error(`${program('age')} says it is ${output.trim()}, not ${AGE}`)
  return { HOLDFAST_TEST_AGE: program('age'), HOLDFAST_TEST_AGE_KEYGEN: program('age-keygen') }
}

/** An S3 server, which checks signatures and checksums; building it for the first time takes minutes. */
async function versitygw() {
  const program = await goProgram('versitygw', 'github.com/versity/versitygw/cmd/versitygw', VERSITYGW)
  const { code } = await run(program('versitygw'), ['--version'], { quiet: true })
  if (code !== 0) throw new Error(`${program('versitygw')} does not run`)
  return { HOLDFAST_TEST_VERSITYGW: program('versitygw') }
}

/** Builds programs of a Go module once, and answers with where each is. */
async function goProgram(name, packages, version) {
  const folder = join(cache, `${name}-${version}`)
  const program = (named) => join(folder, process.platform === 'win32' ? `${named}.exe` : named)
  if (existsSync(program(name))) return program
  if (!found('go')) throw new Error(`go is missing, so ${name} ${version} cannot be installed (see go.dev/doc/install)`)
  await mkdir(folder, { recursive: true })
  const { code } = await run('go', ['install', `${packages}@${version}`], { env: { GOBIN: folder }, quiet: true })
  if (code !== 0) throw new Error(`go install of ${name} ${version} failed`)
  return program
}

async function strace() {
  if (!found('strace')) {
    const privileged = process.getuid?.() === 0 ? [] : ['sudo', '-n']
    for (const verb of [['update'], ['install', '--yes', 'strace']]) {
      const [program, ...args] = [...privileged, 'apt-get', ...verb]
      await run(program, args, { quiet: true, env: { DEBIAN_FRONTEND: 'noninteractive' } })
    }
  }
  const path = found('strace')
  if (!path) throw new Error('strace is missing, and apt-get could not install it')
  return { HOLDFAST_TEST_STRACE: path }
}

function found(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
}
