// Bundles the command line with its libraries into dist/cli/main.js; the library itself keeps no runtime dependency.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['ts/cli/main.ts'],
  outdir: 'dist/cli',
  bundle: true,
  splitting: true,
  chunkNames: '[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // The client of a store is an optional package: loaded from beside holdfast when an address asks for it.
  external: ['#addon', '@aws-sdk/*'],
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // CommonJS libraries inside the bundle call `require` for Node's own modules.
  banner: {
    js: "import { createRequire as createRequireOfBundle } from 'node:module'\nconst require = createRequireOfBundle(import.meta.url)",
  },
})

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
)
const notices = await Promise.all([...packages].sort().map(notice))
await writeFile(join(root, 'dist/cli/THIRD-PARTY-LICENSES.txt'), notices.join('\n'))

async function notice(name) {
  const folder = join(root, 'node_modules', name)
  const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8')
  return `${name} ${version} (${license})\n\n${text}\n`
}
