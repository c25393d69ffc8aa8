// npm run fuzz [-- SECONDS]: every fuzz target for a while (60 s unless said), seeded with the vectors.
// Needs a nightly Rust and `cargo install cargo-fuzz`.
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run } from './command.mjs'

const seconds = Number(process.argv[2] ?? 60)
const folder = join(root, 'crates/seal/fuzz')
const targets = (await readdir(join(folder, 'fuzz_targets'))).map((name) => name.replace(/\.rs$/, ''))
const corpus = join(folder, 'corpus/open')
await mkdir(corpus, { recursive: true })
await cp(join(root, 'vectors/external/cctv-age'), corpus, { recursive: true })
let failed = 0
for (const target of targets) {
  const limits = [`-max_total_time=${seconds}`, '-max_len=200000', '-rss_limit_mb=4096']
  const { code } = await run('cargo', ['+nightly', 'fuzz', 'run', '--fuzz-dir', folder, target, '--', ...limits])
  if (code !== 0) failed += 1
}
process.stdout.write(`\n${targets.length - failed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
