// The suites of `npm test`, `npm run test:servers` and `npm run test:slow`: what each runs, needs and counts.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run } from './command.mjs'

/** Suites in the order of `npm test`: cheap and telling first. `built` marks those that need the addon and dist. */
export const HERE = [
  suite('format', 'biome, rustfmt', [
    tool('biome', ['check', '--linter-enabled=false', '--error-on-warnings', '.']),
    tool('cargo', ['fmt', '--check']),
  ]),
  suite('lint', 'biome, clippy', [
    tool('biome', ['lint', '--error-on-warnings', '.']),
    tool('node', ['.ci/structure.mjs']),
    tool('cargo', ['clippy', '--quiet', '--workspace', '--', '-D', 'warnings']),
    tool('cargo', ['clippy', '--quiet', '--workspace', '--all-targets', '--all-features', '--', '-D', 'warnings']),
  ]),
  suite('types', 'TypeScript', [tool('tsc', ['-p', 'tsconfig.check.json'])], { built: true }),
  suite('rust', 'cargo', [
    cargoTest(['--workspace']),
    // Only what is about faults, and with the whole workspace: else its libraries are compiled once more.
    cargoTest(['--workspace', '--features', 'holdfast-seal/faults', '--test', 'faults', '--test', 'random']),
  ]),
  suite('rust docs', 'rustdoc', [
    tool('cargo', ['doc', '--quiet', '--workspace', '--no-deps'], { RUSTDOCFLAGS: '-D warnings' }),
  ]),
  suite('typescript', 'vitest', [vitest('unit')], { built: true }),
  suite('api docs', 'typedoc', [tool('typedoc', [])], { built: true }),
  suite(
    'package',
    'publint, attw',
    // attw reports `#addon` for node10, which knows no package imports, although the profile leaves node10 out; a true
    // error of this kind is found by __test__/package, which type-checks the installed package.
    [
      tool('publint', ['--strict']),
      tool('attw', ['--pack', '.', '--profile', 'esm-only', '--ignore-rules', 'internal-resolution-error', '--quiet']),
    ],
    { built: true },
  ),
]

/** Suites that `npm test` only names. */
export const ELSEWHERE = [
  { name: 'servers', needs: 'Go, strace and the network: npm run test:servers' },
  { name: 'kill', needs: 'half an hour: npm run test:kill' },
  { name: 'slow', needs: 'hours of one core: npm run test:slow' },
]

function suite(name, needs, steps, { built = false } = {}) {
  return { name, needs, steps, built }
}

/** A program whose exit code is the one case it counts for. */
export function tool(command, args, env = {}) {
  return async () => {
    const { code } = await run(command, args, { env })
    if (code !== 0) process.stderr.write(`failed: ${[command, ...args].join(' ')}\n`)
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
  }
}

/** `cargo test` with every test counted. */
export function cargoTest(args, env = {}) {
  return async () => {
    const { code, output } = await run('cargo', ['test', '--no-fail-fast', ...args], { env })
    return atLeastOneFailure(countCargo(output), code)
  }
}

/** Cases in the summaries of `cargo test`, one summary per test program. */
export function countCargo(output) {
  const counts = { passed: 0, failed: 0 }
  for (const [, passed, failed] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)) {
    counts.passed += Number(passed)
    counts.failed += Number(failed)
  }
  return counts
}

/** The named vitest projects in one run, with every case counted. */
export function vitest(...projects) {
  return async (env = {}) => {
    const report = `target/reports/${projects.join('-')}.json`
    await rm(join(root, report), { force: true })
    const chosen = projects.flatMap((name) => ['--project', name])
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const { code } = await run('vitest', ['run', ...chosen, ...reporters], { env })
    return atLeastOneFailure(countVitest(await readFile(join(root, report), 'utf8').catch(() => '{}')), code)
  }
}

/** Cases in a JSON report of vitest; a skipped case is a failed one, for none of ours may be skipped. */
export function countVitest(json) {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = JSON.parse(json)
  return { passed: numPassedTests, failed: numFailedTests + numPendingTests }
}

/** A program that fails outside its cases (it did not compile, a file did not load) still counts. */
function atLeastOneFailure({ passed, failed }, code) {
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed }
}
