// Opens a password-sealed file without holdfast (docs/format.md, sections 2 to 4): the password comes from standard input.
//   npm install age-encryption hash-wasm && node open-with-password.mjs SEALED TARGET
import { createDecipheriv, hkdfSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { Decrypter } from 'age-encryption'
import { argon2id } from 'hash-wasm'

const [source, target] = process.argv.slice(2)
const typed = (await buffer(process.stdin)).toString().replace(/\r?\n$/, '')
const password = Buffer.from(typed.replace(/\p{Zs}/gu, ' ').normalize('NFC'))

async function unwrapFileKey(stanzas) {
  const stanza = stanzas.find(({ args }) => args[0] === 'holdfast/argon2id')
  if (stanza?.body.length !== 32) throw new Error('not sealed with a password')
  const [, salt, m, t, p] = stanza.args.map((arg, at) => (at === 1 ? Buffer.from(arg, 'base64') : arg))
  const costs = { memorySize: +m, iterations: +t, parallelism: +p, hashLength: 32, outputType: 'binary' }
  const stretched = await argon2id({ password, salt, ...costs })
  const wrapKey = hkdfSync('sha256', stretched, salt, `holdfast/v1/argon2id\0${m} ${t} ${p}`, 32)
  const opener = createDecipheriv('chacha20-poly1305', wrapKey, Buffer.alloc(12), { authTagLength: 16 })
  opener.setAuthTag(stanza.body.subarray(16))
  return Buffer.concat([opener.update(stanza.body.subarray(0, 16)), opener.final()]) // throws: wrong password
}

const decrypter = new Decrypter()
decrypter.addIdentity({ unwrapFileKey })
const plaintext = await decrypter.decrypt(Readable.toWeb(createReadStream(source)))
const file = await open(target, 'wx', 0o600)
await file.writeFile(plaintext).catch((cause) => unlink(target).then(() => Promise.reject(cause)))
await file.close()
