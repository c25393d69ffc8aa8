// Prints a 64-digit key as an age identity, without holdfast (docs/format.md, section 4): the key comes from standard input.
//   npm install @scure/base && node key-to-identity.mjs > identity.txt
import { createHash } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { bech32 } from '@scure/base'

const digits = (await text(process.stdin)).normalize('NFKC').replace(/[\s-]/g, '').toLowerCase()
if (!/^([0-9a-f]{64}|[0-9a-f]{68})$/.test(digits)) throw new Error('expected 64 digits (68 with the check group)')
const key = Buffer.from(digits.slice(0, 64), 'hex')
const check = createHash('sha256').update('holdfast/v1/check').update(key).digest('hex').slice(0, 4)
if (digits.length === 68 && digits.slice(64) !== check) throw new Error('the check group does not fit the key')
console.log(bech32.encode('age-secret-key-pq-', bech32.toWords(key)).toUpperCase())
