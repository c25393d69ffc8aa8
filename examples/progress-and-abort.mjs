// node examples/progress-and-abort.mjs FILE [MILLISECONDS]: seals FILE with progress, and gives up after a time.
import { generateKey, sealFile } from 'holdfast'

const [file, milliseconds = '60000'] = process.argv.slice(2)
if (file === undefined) throw new Error('say which file: node examples/progress-and-abort.mjs FILE')

try {
  await sealFile(file, `${file}.age`, {
    to: generateKey(),
    signal: AbortSignal.timeout(Number(milliseconds)),
    onProgress: ({ phase, bytes, total }) => console.log(`${phase}: ${bytes} of ${total ?? 'unknown'} bytes`),
  })
} catch (error) {
  // An aborted call rejects with the signal's reason, and nothing is there under the target's name.
  if (!(error instanceof DOMException)) throw error
  console.log(`given up: ${error.name}`)
}
