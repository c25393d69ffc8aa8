// Builds the addon that fails on demand into target/faults. It uses cargo's ordinary folder, so that everything below it
// is compiled once for this addon and for `cargo test`.
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root, run } from './command.mjs'

const LIBRARY = { darwin: 'libholdfast_node.dylib', win32: 'holdfast_node.dll' }

const { code } = await run('cargo', ['build', '--quiet', '--package', 'holdfast-node', '--features', 'faults'])
if (code !== 0) process.exit(code)
const shipped = (await readdir(join(root, 'ts/native/generated'))).find((name) => name.endsWith('.node'))
if (shipped === undefined) throw new Error('npm run build:addon first: the faulty addon takes its name from it')
const folder = join(root, 'target/faults')
await mkdir(folder, { recursive: true })
await copyFile(join(root, 'target/debug', LIBRARY[process.platform] ?? 'libholdfast_node.so'), join(folder, shipped))
