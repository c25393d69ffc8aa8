// node examples/seal-and-open.mjs FILE: seals FILE for a new key and a password, and opens it with each.
import { generateKey, isHoldfastError, openFile, password, sealFile } from 'holdfast'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('say which file: node examples/seal-and-open.mjs FILE')

const key = generateKey()
console.log(`${key.format()}\ncheck group: ${key.check}`)
const secret = password('several words that nobody guesses', { cost: 'interactive' })

const { bytes, sealedBytes } = await sealFile(file, `${file}.age`, { to: [key, secret] })
console.log(`sealed ${bytes} bytes into ${sealedBytes}`)

await openFile(`${file}.age`, `${file}.by-key`, { with: key })
await openFile(`${file}.age`, `${file}.by-password`, { with: secret })

try {
  await openFile(`${file}.age`, `${file}.by-other`, { with: generateKey() })
} catch (error) {
  if (!isHoldfastError(error, 'WRONG_CREDENTIAL')) throw error
  console.log(`another key: ${error.message}. ${error.hint}`)
}
