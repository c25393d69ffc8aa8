import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Encrypter, Stanza } from 'age-encryption'
import { argon2id } from 'hash-wasm'
import { afterAll, describe, expect, it } from 'vitest'
import { openFile, password } from '../../ts/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast stanza '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const typed = 'Übung macht den Meister'

interface Costs {
  m: number
  t: number
  p: number
}

/** A stanza written from section 3 of the format alone, with other people's packages. */
async function stanza(fileKey: Uint8Array, { m, t, p }: Costs): Promise<Stanza> {
  const salt = randomBytes(16)
  const stretched = await argon2id({
    password: typed.normalize('NFC'),
    salt,
    memorySize: m,
    iterations: t,
    parallelism: p,
    hashLength: 32,
    outputType: 'binary',
  })
  const info = Buffer.concat([Buffer.from('holdfast/v1/argon2id'), Buffer.from([0]), Buffer.from(`${m} ${t} ${p}`)])
  const wrapKey = Buffer.from(hkdfSync('sha256', stretched, salt, info, 32))
  const cipher = createCipheriv('chacha20-poly1305', wrapKey, Buffer.alloc(12), { authTagLength: 16 })
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
  const args = ['holdfast/argon2id', salt.toString('base64').replaceAll('=', ''), `${m}`, `${t}`, `${p}`]
  return new Stanza(args, body)
}

async function sealedElsewhere(plaintext: Uint8Array, ...costs: Costs[]): Promise<string> {
  const encrypter = new Encrypter()
  for (const each of costs) encrypter.addRecipient({ wrapFileKey: async (key) => [await stanza(key, each)] })
  const path = join(folder, `${Math.random()}.age`)
  writeFileSync(path, await encrypter.encrypt(plaintext))
  return path
}

describe('a password stanza written from docs/format.md', () => {
  it.each([
    { m: 8192, t: 1, p: 1 },
    { m: 8200, t: 2, p: 3 },
    { m: 8192, t: 16, p: 16 },
  ])('opens, with the costs $m $t $p', async (costs) => {
    const plaintext = randomBytes(70_000)
    const target = join(folder, `${costs.m} ${costs.t} ${costs.p}`)
    await openFile(await sealedElsewhere(plaintext, costs), target, { with: password(typed), sync: false })
    expect(readFileSync(target).equals(plaintext)).toBe(true)
  })

  it.each([
    { m: 8191, t: 1, p: 1 },
    { m: 8192, t: 17, p: 1 },
    { m: 8192, t: 1, p: 17 },
  ])('row 13: is KDF_LIMIT with the costs $m $t $p', async (costs) => {
    const opened = openFile(await sealedElsewhere(randomBytes(1), costs), join(folder, 'none'), {
      with: password(typed),
    })
    await expect(opened).rejects.toMatchObject({ code: 'KDF_LIMIT' })
  })

  it('row 13: is MALFORMED beside another one', async () => {
    const costs = { m: 8192, t: 1, p: 1 }
    const source = await sealedElsewhere(randomBytes(1), costs, costs)
    const opened = openFile(source, join(folder, 'none'), { with: password(typed) })
    await expect(opened).rejects.toMatchObject({ code: 'MALFORMED' })
  })
})
