// Restores the newest snapshot of a repository in a folder, without holdfast (docs/format.md, sections 5 to 9).
// npm install age-encryption @noble/hashes @scure/base fzstd; node restore-repository.mjs REPOSITORY TARGET [--partial]
// The key comes from standard input: digits, or a key file. TARGET is empty or not there; --partial: what there is.
import assert from 'node:assert/strict'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import * as fs from 'node:fs'
import { text } from 'node:stream/consumers'
import { blake3 } from '@noble/hashes/blake3.js'
import { bech32 } from '@scure/base'
import { Decrypter } from 'age-encryption'
import { decompress } from 'fzstd'

const [repository, target, option] = process.argv.slice(2)
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const unhex = (digits) => Buffer.from(digits, 'hex')
const tell = (cause) => console.error(cause.message)
/** What ends the program, or with --partial is told, and shows in the exit status. */
function complain(cause) {
  if (option !== '--partial') throw cause
  tell(cause)
  process.exitCode = 1
}

// Section 5: objects, each named by the SHA-256 of its bytes.
const list = (folder) => (fs.existsSync(`${repository}/${folder}`) ? fs.readdirSync(`${repository}/${folder}`) : [])
const nameOf = (path) => /([0-9a-f]{64})\.age$/.exec(path)?.[1]
const objects = (folder) => list(folder).flatMap((name) => (nameOf(name) ? `${folder}/${name}` : []))
const clear = (path) => JSON.parse(fs.readFileSync(`${repository}/${path}`, 'utf8'))
async function openObject(path, identity) {
  const sealed = fs.readFileSync(`${repository}/${path}`)
  assert(createHash('sha256').update(sealed).digest('hex') === nameOf(path), `${path} is damaged`)
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  return Buffer.from(await decrypter.decrypt(sealed))
}

// Section 6: keys, and records with a MAC.
const { holdfast: version, repository: id } = clear('holdfast.json')
assert(version === 1, 'this is a newer format than this program knows')
const derive = (ikm, label) => Buffer.from(hkdfSync('sha256', ikm, unhex(id), `holdfast/v1/${label}`, 32))
const mac = (key, ...parts) => createHmac('sha256', key).update(Buffer.concat(parts)).digest()
const identityOf = (seed) => bech32.encode('age-secret-key-pq-', bech32.toWords(seed)).toUpperCase()

/** The genuine records in a folder; `damaged` is told of the others. */
async function records(folder, type, identity, secret, damaged) {
  const read = async (path) => {
    const plain = await openObject(path, identity)
    const line = plain.subarray(0, plain.indexOf('\n'))
    const rest = plain.toString('latin1', line.length).replace(/\n+$/, '')
    assert(rest === `\n${hex(mac(derive(secret, `mac/${type}`), line))}`, 'forged')
    const record = JSON.parse(line)
    assert(record.type === type && record.features.length === 0, 'this program does not know such a record')
    return record
  }
  const told = (path) => (cause) => damaged(new Error(`${path}: ${cause.message}`))
  const found = await Promise.all(objects(folder).map((path) => read(path).catch(told(path))))
  return found.filter((record) => record !== undefined)
}

// Section 7: the epoch, and its secret from the slot that the key opens.
const epochs = list('.').flatMap((name) => /^e([1-9]\d*)$/.exec(name)?.[1] ?? [])
const claimed = epochs.map(Number).filter((n) => list(`e${n}`).includes('epoch.json'))
const epoch = Math.max(...claimed.filter((n) => objects(`e${n}/complete`).length > 0))
assert(epoch > 0, 'there is no complete epoch here')
if (epoch < Math.max(...claimed)) console.error('an epoch above is being built: this is an older state')
assert(!list(`e${epoch}/keyring`).includes('open.json'), 'protection was turned off here')
const typed = (await text(process.stdin)).toLowerCase().replace(/^#.*|\s/gm, '')
const digits = /^age/.test(typed) ? hex(bech32.decodeToBytes(typed).bytes) : typed.normalize('NFKC').replace(/-/g, '')
assert(/^([0-9a-f]{64}|[0-9a-f]{68})$/.test(digits), 'expected 64 digits (68 with the check group)')
const person = unhex(digits.slice(0, 64))
const slots = await records(`e${epoch}/keyring`, 'slot', identityOf(person), person, tell)
const { commit } = clear(`e${epoch}/epoch.json`)
const slot = slots.find(({ secret }) => hex(derive(unhex(secret), 'commit')) === commit)
assert(slot?.repository === id && slot.epoch === epoch && slot.kind === 'key', 'the key does not open this repository')
const secret = unhex(slot.secret)
const identity = identityOf(derive(secret, 'identity'))
const complete = await records(`e${epoch}/complete`, 'epoch', identity, secret, tell)
assert(complete.find((record) => record.epoch === epoch)?.protected, 'no genuine record completes the epoch')

// Section 9: the newest snapshot.
const snapshots = await records(`e${epoch}/snapshots`, 'snapshot', identity, secret, complain)
const tombstones = await records(`e${epoch}/tombstones`, 'tombstone', identity, secret, tell)
const known = new Set([...snapshots.map((each) => each.id), ...tombstones.flatMap((each) => each.snapshots)])
const gone = snapshots.flatMap((each) => each.live).filter((each) => !known.has(each))
if (gone.length > 0) complain(new Error(`snapshots are gone that nobody removed: ${gone}`))
const newest = (one, other) => other.sequence - one.sequence || (one.time + one.id > other.time + other.id ? -1 : 1)
const [snapshot] = snapshots.filter((each) => !each.incomplete).sort(newest)
assert(snapshot, 'there is no complete snapshot here')

// Section 8: which packs hold a block. Indexes tell; of packs that none names, their own tables do.
const places = new Map() // id and kind of a block, in digits, to names of packs
const inMemory = new Map()

function* rows(table) {
  let start = 0
  for (let at = 0; at < table.length; at += 42) {
    const [end, length] = [start + table.readUInt32BE(at + 34), table.readUInt32BE(at + 38)]
    yield { block: hex(table.subarray(at, at + 33)), coding: table[at + 33], start, end, length }
    start = end
  }
}
function place(pack, found) {
  for (const { block } of found) places.set(block, [...(places.get(block) ?? []), pack])
}
async function readIndex(path) {
  const plain = await openObject(path, identity)
  const expected = mac(derive(secret, 'mac/index'), plain.subarray(0, -32))
  assert(expected.equals(plain.subarray(-32)) && plain.toString('latin1', 0, 5) === 'HFI1\x01', `${path} is forged`)
  let at = 12
  for (let left = plain.readUInt32BE(8); left > 0; left -= 1) {
    const table = plain.subarray(at + 80, at + 80 + 42 * plain.readUInt32BE(at + 76))
    place(hex(plain.subarray(at, at + 32)), rows(table))
    at += 80 + table.length
  }
}
async function readPack(name) {
  if (inMemory.has(name)) return inMemory.get(name)
  const plain = await openObject(`e${epoch}/packs/${name.slice(0, 2)}/${name}.age`, identity)
  const table = plain.subarray(-48 - Number(plain.readBigUInt64BE(plain.length - 16)), -48)
  const expected = mac(derive(secret, 'mac/pack'), table, plain.subarray(-16))
  assert(expected.equals(plain.subarray(-48, -16)), `pack ${name} is forged`)
  const blocks = new Map(Array.from(rows(table), (row) => [row.block, { ...row, plain }]))
  if (inMemory.size > 3) inMemory.delete(inMemory.keys().next().value)
  return inMemory.set(name, blocks).get(name)
}
async function readBlock(kind, number, name) {
  for (const pack of places.get(`${name}0${number}`) ?? []) {
    try {
      const { plain, start, end, coding, length } = (await readPack(pack)).get(`${name}0${number}`)
      const stored = plain.subarray(start, end)
      const content = coding === 0 ? stored : decompress(stored, new Uint8Array(length))
      const found = hex(blake3(content, { key: derive(secret, `block-id/${kind}`) }))
      assert(found === name, `a block of pack ${pack} is not what it should be`)
      return Buffer.from(content)
    } catch (cause) {
      tell(cause)
    }
  }
  throw new Error(`block ${name} is nowhere`)
}

for (const path of objects(`e${epoch}/indexes`)) await readIndex(path).catch(tell)
const named = new Set([...places.values()].flat())
for (const name of list(`e${epoch}/packs`).flatMap((xx) => objects(`e${epoch}/packs/${xx}`).map(nameOf))) {
  if (!named.has(name)) await readPack(name).then((blocks) => place(name, blocks.values()), tell)
}

// Section 9: the manifest. Bytes of names are held as Latin-1 text.
const latin1 = (name) => Buffer.from(name.b64 ?? name, name.b64 ? 'base64' : 'utf8').toString('latin1')
const UNSAFE = process.platform === 'win32' ? /^\.{0,2}$|[\0/\\:]/ : /^\.{0,2}$|[\0/]/

async function* entries() {
  let last = ''
  const folders = new Set([''])
  for (const page of snapshot.pages) {
    for (const line of (await readBlock('page', 1, page)).toString().split('\n').slice(0, -1)) {
      const entry = JSON.parse(line)
      const path = entry.path.map(latin1)
      assert(path.length > 0 && !path.some((name) => UNSAFE.test(name)), `the path leads elsewhere: ${line}`)
      assert(path.join('\0') > last && folders.has(path.slice(0, -1).join('\0')), `not in order: ${line}`)
      last = path.join('\0')
      if (entry.type === 'directory') folders.add(last)
      const [seconds, nanoseconds] = entry.mtime
      const at = Buffer.concat([Buffer.from(`${target}/`), Buffer.from(path.join('/'), 'latin1')])
      yield { ...entry, at, time: `${seconds + nanoseconds / 1e9}` }
    }
  }
}
async function* blocksOf({ blocks = [], lists = [] }) {
  yield* blocks
  for (const list of lists) yield* hex(await readBlock('list', 2, list)).match(/.{64}/g)
}
function finish(at, { mode, time }) {
  fs.chmodSync(at, mode & 0o777)
  fs.utimesSync(at, time, time)
}
async function fill(at, entry) {
  for await (const name of blocksOf(entry)) fs.appendFileSync(at, await readBlock('data', 0, name))
  assert(fs.statSync(at).size === entry.size, `${at} does not have its length`)
  finish(at, entry)
}

// Unless told otherwise, nothing is written before the whole manifest was read and every block of it has a place.
for await (const entry of option === '--partial' ? [] : entries()) {
  for await (const name of blocksOf(entry)) assert(places.has(`${name}00`), `${entry.at}: block ${name} is nowhere`)
}
fs.mkdirSync(target, { recursive: true })
assert(fs.readdirSync(target).length === 0, `${target} is not empty`)
const later = []
for await (const { at, type, ...entry } of entries()) {
  if (type === 'directory') fs.mkdirSync(at, 0o700)
  if (type === 'file') fs.writeFileSync(at, '', { flag: 'wx', mode: 0o600 })
  if (type !== 'file') later.push({ at, type, ...entry })
  else await fill(at, entry).catch((cause) => [fs.unlinkSync(at), complain(new Error(`${at}: ${cause.message}`))])
}
for (const { at, time, target } of later.filter(({ type }) => type === 'symlink')) {
  fs.symlinkSync(Buffer.from(latin1(target), 'latin1'), at)
  fs.lutimesSync(at, time, time)
}
for (const { at, ...entry } of later.filter(({ type }) => type === 'directory').reverse()) finish(at, entry)
