// npm run bench: builds what is out of date, bundles the benchmark, runs it. `npm run bench -- --help` lists the options.
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { prepare } from '../.ci/prepare.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const outdir = join(root, 'target', 'benchmark', 'program')

if (!process.argv.includes('--no-build')) await prepare()
const { build } = await import('esbuild')
await build({
  absWorkingDir: root,
  entryPoints: ['main', 'archive', 'candidate', 'gcm-worker', 'kdf', 'many', 'upload'].map(
    (name) => `benchmark/${name}.ts`,
  ),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
})
const { main } = await import(pathToFileURL(join(outdir, 'main.mjs')).href)
try {
  await main(root, outdir)
} catch (error) {
  console.error(`bench: ${error.message}`)
  process.exitCode = 1
}
