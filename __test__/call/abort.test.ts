import { getEventListeners } from 'node:events'
import { readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import {
  generateKey,
  inspect,
  openFile,
  openKey,
  type Progress,
  password,
  sealFile,
  sealKey,
  verifyFile,
} from '../../ts/index.ts'
import { testFolder } from '../seal/folder.ts'

const folder = testFolder()
const key = generateKey()
const LONG = 256 * 2 ** 20

let source: string
let sealed: string

beforeEach(async () => {
  source = folder.file('')
  truncateSync(source, LONG)
  sealed = folder.fresh()
  await sealFile(folder.file('content'), sealed, { to: key })
})

/** What the call came to: its value, or what it rejected with. */
async function outcome(work: Promise<unknown>): Promise<{ value: unknown } | { reason: unknown }> {
  return work.then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  )
}

function partials(): string[] {
  return readdirSync(folder.path).filter((name) => name.endsWith('.partial'))
}

describe('an aborted call', () => {
  it('row 29: whose signal had aborted before rejects with its reason and starts nothing', async () => {
    const reason = { not: 'even an error' }
    const signal = AbortSignal.abort(reason)
    const names = readdirSync(folder.path)
    const secret = password('correct horse')
    const calls = [
      () => sealFile(source, folder.at('target'), { to: key, signal }),
      () => openFile(sealed, folder.at('target'), { with: key, signal }),
      () => verifyFile(sealed, { with: key, signal }),
      () => inspect(sealed, { signal }),
      () => sealKey(key, secret, { signal }),
      () => openKey(new Uint8Array(9), secret, { signal }),
    ]
    for (const call of calls) {
      const result = await outcome(call())
      expect(result).toEqual({ reason })
      expect('reason' in result && result.reason).toBe(reason)
    }
    expect(readdirSync(folder.path)).toEqual(names)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('row 29: rejects with the default reason too, as fetch does', async () => {
    const result = await outcome(verifyFile(sealed, { with: key, signal: AbortSignal.abort() }))
    expect(result).toMatchObject({ reason: { name: 'AbortError' } })
  })

  it('row 29: while it waits for a thread rejects at once', async () => {
    const busy = Array.from({ length: 8 }, () => sealFile(source, folder.fresh(), { to: key, sync: false }))
    const control = new AbortController()
    const target = folder.fresh()
    const waiting = outcome(sealFile(source, target, { to: key, signal: control.signal }))
    control.abort('enough')
    const first = await Promise.race([waiting, ...busy.map((work) => work.then(() => 'another call'))])
    expect(first).toEqual({ reason: 'enough' })
    await Promise.all(busy)
    expect(readdirSync(folder.path)).not.toContain(target)
    expect(partials()).toEqual([])
  })

  it('row 29: in Argon2id rejects with the reason at once, and the password still works', async () => {
    const secret = password('correct horse', { cost: 'default' })
    const control = new AbortController()
    const phases = new Set<string>()
    const onProgress = ({ phase }: Progress) => phases.add(phase)
    const target = folder.fresh()
    const names = readdirSync(folder.path)
    const working = outcome(sealFile(source, target, { to: secret, signal: control.signal, onProgress }))
    while (!phases.has('deriving')) await wait(5)
    control.abort('enough')
    expect(await Promise.race([working, turn('later')])).toEqual({ reason: 'enough' })
    await sealFile(sealed, target, { to: secret })
    expect(readdirSync(folder.path)).toEqual([...names, basename(target)].sort())
    expect(await verifyFile(target, { with: secret })).toMatchObject({ bytes: expect.any(Number) })
  })

  it('row 29: between chunks rejects with the reason and leaves neither target nor temporary file', async () => {
    const control = new AbortController()
    const names = readdirSync(folder.path)
    const working = outcome(sealFile(source, folder.at('target'), { to: key, signal: control.signal, sync: false }))
    while (partials().length === 0) await turn()
    control.abort('enough')
    expect(await working).toEqual({ reason: 'enough' })
    expect(readdirSync(folder.path)).toEqual(names)
  })

  it('row 29: twice, or after the end, changes nothing', async () => {
    const control = new AbortController()
    const target = folder.at('target')
    const { signal } = control
    expect(await sealFile(sealed, target, { to: key, signal })).toMatchObject({ bytes: expect.any(Number) })
    control.abort('late')
    control.abort('later')
    await turn()
    expect(await outcome(verifyFile(target, { with: key, signal }))).toEqual({ reason: 'late' })
    expect(await verifyFile(target, { with: key })).toMatchObject({ bytes: expect.any(Number) })
  })

  it('row 29: at any moment either rejects and leaves nothing, or succeeds and leaves the target; never both', async () => {
    truncateSync(source, 8 * 2 ** 20)
    const begun = performance.now()
    await sealFile(source, folder.fresh(), { to: key, sync: false })
    const usual = performance.now() - begun
    const seen = new Set<string>()
    for (let round = 0; round < 60; round += 1) {
      const [control, target] = [new AbortController(), `target-${round}`]
      const working = outcome(sealFile(source, folder.at(target), { to: key, signal: control.signal, sync: false }))
      await (round < 59 ? wait((usual * round) / 30) : working)
      control.abort('enough')
      const result = await working
      const exists = readdirSync(folder.path).includes(target)
      expect('value' in result, `round ${round}`).toBe(exists)
      if ('reason' in result) expect(result.reason).toBe('enough')
      expect(partials()).toEqual([])
      seen.add(exists ? 'success' : 'abort')
    }
    expect(seen).toEqual(new Set(['success', 'abort']))
  })
})

describe('one signal', () => {
  it('row 29: over 10,000 calls has one listener at most, and none in the end', async () => {
    const { signal } = new AbortController()
    let most = 0
    for (let round = 0; round < 100; round += 1) {
      const calls = Array.from({ length: 100 }, () => inspect(sealed, { signal }))
      most = Math.max(most, getEventListeners(signal, 'abort').length)
      await Promise.all(calls)
    }
    expect(most).toBe(1)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('draws no warning about a leak from many calls at a time', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error) => warnings.push(warning)
    process.on('warning', listen)
    onTestFinished(() => {
      process.off('warning', listen)
    })
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 50 }, () => inspect(sealed, { signal })))
    await turn()
    expect(warnings).toEqual([])
  })

  it('stops every call that waits on it, and none of another signal', async () => {
    const [control, other] = [new AbortController(), new AbortController()]
    const stopped = Array.from({ length: 6 }, () =>
      outcome(sealFile(source, folder.fresh(), { to: key, signal: control.signal, sync: false })),
    )
    const going = verifyFile(sealed, { with: key, signal: other.signal })
    control.abort('enough')
    expect(await Promise.all(stopped)).toEqual(Array(6).fill({ reason: 'enough' }))
    expect(await going).toMatchObject({ bytes: 7 })
    expect(getEventListeners(other.signal, 'abort')).toEqual([])
  })

  it('keeps the listener and the onabort of its owner', async () => {
    const control = new AbortController()
    const heard: string[] = []
    control.signal.onabort = () => heard.push('onabort')
    control.signal.addEventListener('abort', () => heard.push('listener'))
    const working = outcome(sealFile(source, folder.fresh(), { to: key, signal: control.signal, sync: false }))
    control.abort('enough')
    expect(await working).toEqual({ reason: 'enough' })
    expect(heard).toEqual(['onabort', 'listener'])
  })
})

describe('a failure that comes with an abort', () => {
  it('is one of the two, and never leaves anything', async () => {
    const target = folder.at('target')
    for (let round = 0; round < 20; round += 1) {
      const control = new AbortController()
      const working = outcome(sealFile(source, target, { to: key, signal: control.signal, sync: false }))
      await wait(2)
      if (round === 0) writeFileSync(target, 'mine')
      control.abort('enough')
      const result = await working
      expect(result).toEqual({
        reason: expect.toSatisfy((reason) => reason === 'enough' || reason.code === 'TARGET_EXISTS'),
      })
    }
    expect(partials()).toEqual([])
  })
})
