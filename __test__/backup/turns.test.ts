import { getEventListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { inLanes } from '../../ts/backup/lanes.ts'
import { Turns } from '../../ts/backup/turns.ts'

describe('turns', () => {
  it('are taken one after the other, in the order of asking, whatever becomes of them', async () => {
    const [turns, log]: [Turns, string[]] = [new Turns(), []]
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        log.push(`${name} begins`)
        await wait(5)
        log.push(`${name} ends`)
        if (fails) throw new Error(name)
        return name
      }
    const outcomes = await Promise.allSettled([
      turns.take(undefined, work('a')),
      turns.take(undefined, work('b', true)),
      turns.take(new AbortController().signal, work('c')),
    ])
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('are given up by who no longer waits, and the next still waits for those before', async () => {
    const [turns, log]: [Turns, string[]] = [new Turns(), []]
    const controller = new AbortController()
    const first = turns.take(undefined, async () => {
      await wait(30)
      log.push('first')
    })
    const second = turns.take(controller.signal, async () => log.push('second'))
    const third = turns.take(undefined, async () => log.push('third'))
    controller.abort('enough')
    await expect(second).rejects.toBe('enough')
    expect(log).toEqual([])
    await Promise.all([first, third])
    expect(log).toEqual(['first', 'third'])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })
})

describe('lanes', () => {
  it('are never more than asked for, and take every item once', async () => {
    let [now, most] = [0, 0]
    const taken: number[] = []
    await inLanes([...Array(20).keys()], 3, async (item) => {
      now += 1
      most = Math.max(most, now)
      taken.push(item)
      await wait(1)
      now -= 1
    })
    expect(most).toBe(3)
    expect(taken).toEqual([...Array(20).keys()])
  })

  it('end with the first failure, after what had begun', async () => {
    const [begun, ended]: [number[], number[]] = [[], []]
    const work = inLanes([0, 1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item)
      await wait(item === 1 ? 5 : 20)
      if (item === 1) throw new Error('one')
      ended.push(item)
    })
    await expect(work).rejects.toThrow('one')
    expect(begun).toEqual([0, 1])
    expect(ended).toEqual([0])
  })
})
