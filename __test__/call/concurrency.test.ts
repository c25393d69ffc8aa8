import { truncateSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import { generateKey, sealFile, verifyFile } from '../../ts/index.ts'
import { content, testFolder } from '../seal/folder.ts'

const folder = testFolder()
const key = generateKey()

describe('while many files are being sealed', () => {
  it('the file system answers others: libuv’s threads are not taken', async () => {
    const source = folder.file('')
    truncateSync(source, 64 * 2 ** 20)
    const order: string[] = []
    const sealing = Array.from({ length: 16 }, () =>
      sealFile(source, folder.fresh(), { to: key, sync: false }).then(() => order.push('sealed')),
    )
    const answers = Array.from({ length: 4 }, () => stat(source).then(() => order.push('answered')))
    await Promise.all([...sealing, ...answers])
    expect(order.slice(0, 4)).toEqual(Array(4).fill('answered'))
    expect(order).toHaveLength(20)
  })

  it('the event loop goes on', async () => {
    const source = folder.file('')
    truncateSync(source, 256 * 2 ** 20)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    await Promise.all([1, 2, 3].map(() => sealFile(source, folder.fresh(), { to: key, sync: false })))
    delay.disable()
    // Milliseconds; a quiet machine stays under 20.
    expect(delay.percentile(50) / 1e6).toBeLessThan(50)
  })

  it('each file gets its own content', async () => {
    const files = Array.from({ length: 40 }, (_, index) => ({
      index,
      source: folder.file(content(index * 7919, index)),
    }))
    const sealed = await Promise.all(
      files.map(async ({ source, index }) => {
        const target = folder.fresh()
        await sealFile(source, target, { to: key, sync: false })
        return { target, index }
      }),
    )
    for (const { target, index } of sealed) {
      expect(await verifyFile(target, { with: key })).toMatchObject({ bytes: index * 7919 })
    }
  })
})
