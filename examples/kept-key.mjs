// node examples/kept-key.mjs FILE…: one password for many files, stretched once. The key is sealed under the password,
// the files are sealed for the key.
import { readFile, writeFile } from 'node:fs/promises'
import { generateKey, openKey, password, sealFile, sealKey, verifyFile } from 'holdfast'

const files = process.argv.slice(2)
const secret = password('several words that nobody guesses', { cost: 'interactive' })

await writeFile('kept.key.age', await sealKey(generateKey(), secret), { mode: 0o600 })

const key = await openKey(await readFile('kept.key.age'), secret)
for (const file of files) {
  await sealFile(file, `${file}.age`, { to: key })
  const { bytes } = await verifyFile(`${file}.age`, { with: key })
  console.log(`${file}: ${bytes} bytes sealed and verified`)
}
key.close()
secret.close()
