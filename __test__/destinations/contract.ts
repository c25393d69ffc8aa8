import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Destination } from '../../ts/destinations/destination.ts'
import { fetchObject } from '../../ts/destinations/object-stream.ts'
import { failing, paths, sha256, stalled, streamed, text } from './bodies.ts'

const first = Buffer.from('first')
const other = Buffer.from('other')
const stop = new Error('stopped by the caller')

const NO_PATHS = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '.',
  '..',
  'a/../b',
  'a/./b',
  '../a',
  'C:\\a',
  'a\\b',
  'a\0b',
  'a\nb',
  '.a',
]
const NO_NAMES = ['con', 'a/NUL.txt', 'a:b', 'a?', 'a.', 'a ', '\ud800', 'x'.repeat(241), `${'x/'.repeat(450)}x`]

/** The behaviour that every destination promises; `open` gives an empty one. */
export function testDestination(open: () => Promise<Destination>): void {
  describe('storing', () => {
    it.each([0, 1, 65_537, 3_158_073])('keeps %d bytes', async (size) => {
      const [destination, bytes] = [await open(), randomBytes(size)]
      const stored = await destination.put('e1/packs/9f/a', bytes, { ifAbsent: true, sha256: sha256(bytes) })
      expect(stored).toMatchObject({ path: 'e1/packs/9f/a', size })
      expect(sha256(await fetchObject(destination, 'e1/packs/9f/a'))).toBe(sha256(bytes))
    })

    it.each([0, 1, 1000, 2_100_000])('keeps a stream of %d bytes, of announced and of unknown length', async (size) => {
      const [destination, bytes] = [await open(), randomBytes(size)]
      await destination.put('known', streamed(bytes, { size, step: 70_001 }), { sha256: sha256(bytes) })
      await destination.put('unknown', streamed(bytes, { step: 70_001 }), { ifAbsent: true })
      expect(sha256(await fetchObject(destination, 'known'))).toBe(sha256(bytes))
      expect(sha256(await fetchObject(destination, 'unknown'))).toBe(sha256(bytes))
    })

    it('keeps the first of two objects at one path under ifAbsent', async () => {
      const destination = await open()
      await destination.put('a', first, { ifAbsent: true })
      const second = destination.put('a', other, { ifAbsent: true })
      await expect(second).rejects.toMatchObject({ code: 'OBJECT_EXISTS', details: { object: 'a' }, retryable: false })
      expect(await text(destination, 'a')).toBe('first')
    })

    it('lets exactly one of eight writers win under ifAbsent', async () => {
      const destination = await open()
      const bodies = Array.from({ length: 8 }, (_, index) => Buffer.from(`writer ${index}`))
      const results = await Promise.allSettled(bodies.map((body) => destination.put('a', body, { ifAbsent: true })))
      const won = bodies.filter((_, index) => results[index]?.status === 'fulfilled').map(String)
      expect(won).toEqual([await text(destination, 'a')])
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'OBJECT_EXISTS' })
      }
    })

    it('replaces an object without ifAbsent', async () => {
      const destination = await open()
      await destination.put('a', Buffer.from('a long first one'))
      await destination.put('a', other)
      expect(await text(destination, 'a')).toBe('other')
    })

    it('shows nothing of an object whose body failed, and throws what the body threw', async () => {
      const destination = await open()
      const gone = new Error('source gone')
      await expect(destination.put('a', failing(first, gone), { ifAbsent: true })).rejects.toBe(gone)
      await expect(destination.put('b', failing(randomBytes(300_000), gone))).rejects.toBe(gone)
      const hash = { sha256: sha256(first) }
      await expect(destination.put('c', failing(first, gone), { ...hash, ifAbsent: true })).rejects.toBe(gone)
      await expect(destination.put('d', failing(randomBytes(2_000_000), gone), hash)).rejects.toBe(gone)
      expect(await paths(destination)).toEqual([])
    })

    it('row 38: shows nothing of an object whose bytes are not those announced', async () => {
      const destination = await open()
      const mismatch = { code: 'UPLOAD_MISMATCH', details: { object: 'a' } }
      await expect(destination.put('a', first, { sha256: sha256(other) })).rejects.toMatchObject(mismatch)
      const body = streamed(first, { size: 5 })
      await expect(destination.put('a', body, { sha256: sha256(other) })).rejects.toMatchObject(mismatch)
      await expect(destination.put('a', streamed(first, { size: 4 }))).rejects.toMatchObject(mismatch)
      await expect(destination.put('a', streamed(first, { size: 6 }))).rejects.toMatchObject(mismatch)
      const hash = { sha256: sha256(first) }
      await expect(destination.put('a', streamed(first, { size: 4 }), hash)).rejects.toMatchObject(mismatch)
      await expect(destination.put('a', streamed(first, { size: 6 }), hash)).rejects.toMatchObject(mismatch)
      expect(await paths(destination)).toEqual([])
    })

    it('lets go of a body that it does not want to the end', async () => {
      const destination = await open()
      const { body, released } = stalled(randomBytes(100))
      await expect(destination.put('a', { ...body, size: 99 })).rejects.toMatchObject({ code: 'UPLOAD_MISMATCH' })
      await released
    })

    it('reports bytes sent: never fewer than before, and all at the end', async () => {
      const [destination, bytes] = [await open(), randomBytes(2_500_000)]
      const reports: number[] = []
      await destination.put('a', bytes, { onProgress: (sent) => reports.push(sent) })
      expect(reports.length).toBeGreaterThan(1)
      expect(reports).toEqual(reports.toSorted((a, b) => a - b))
      expect(reports.at(-1)).toBe(bytes.length)
    })
  })

  describe('fetching', () => {
    it.each([
      ['the beginning', { offset: 0, length: 3 }, 'fir'],
      ['the middle', { offset: 1, length: 2 }, 'ir'],
      ['the rest', { offset: 3 }, 'st'],
      ['what there is of a range past the end', { offset: 3, length: 100 }, 'st'],
      ['nothing behind the end', { offset: 5 }, ''],
      ['nothing far behind the end', { offset: 500, length: 1 }, ''],
      ['nothing of no length', { offset: 2, length: 0 }, ''],
    ])('gives %s', async (_, range, expected) => {
      const destination = await open()
      await destination.put('a', first)
      expect(Buffer.from(await fetchObject(destination, 'a', { range })).toString()).toBe(expected)
    })

    it('gives the right bytes of a range across pieces', async () => {
      const [destination, bytes] = [await open(), randomBytes(3_000_000)]
      await destination.put('a', bytes)
      const range = { offset: 999_999, length: 1_500_001 }
      expect(sha256(await fetchObject(destination, 'a', { range }))).toBe(sha256(bytes.subarray(999_999, 2_500_000)))
    })

    it('gives an empty object, and nothing of a range of it', async () => {
      const destination = await open()
      await destination.put('a', Buffer.of())
      expect((await fetchObject(destination, 'a')).byteLength).toBe(0)
      expect((await fetchObject(destination, 'a', { range: { offset: 0, length: 9 } })).byteLength).toBe(0)
    })

    it.each([undefined, { offset: 0, length: 5 }, { offset: 0, length: 0 }])(
      'says that an object is missing',
      async (range) => {
        const destination = await open()
        await destination.put('a/b', first)
        for (const path of ['c', 'a', 'a/b/c', 'a/c']) {
          await expect(fetchObject(destination, path, { range })).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
        }
      },
    )

    it('goes on after a reader that lost interest', async () => {
      const destination = await open()
      await destination.put('a', randomBytes(3_000_000))
      const reader = (await destination.get('a')).getReader()
      await reader.read()
      await reader.cancel()
      await (await destination.get('a')).cancel()
      expect((await fetchObject(destination, 'a')).byteLength).toBe(3_000_000)
    })

    it.each([{ offset: -1 }, { offset: 0.5 }, { offset: 0, length: -1 }, { offset: Number.NaN }])(
      'refuses the range %j',
      async (range) => {
        const destination = await open()
        await expect(destination.get('a', { range })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      },
    )
  })

  describe('looking', () => {
    it('knows size and time of an object, and of one that is not there nothing', async () => {
      const [destination, before] = [await open(), Date.now()]
      await destination.put('a/b', first)
      const info = await destination.stat('a/b')
      expect(info).toMatchObject({ path: 'a/b', size: 5 })
      expect(Math.abs((info?.modified?.getTime() ?? 0) - before)).toBeLessThan(60_000)
      if (info?.sha256 !== undefined) expect(info.sha256).toBe(sha256(first))
      for (const path of ['c', 'a', 'a/b/c']) expect(await destination.stat(path)).toBeUndefined()
    })

    it('lists by prefix, which may end within a name', async () => {
      const destination = await open()
      expect(await paths(destination)).toEqual([])
      for (const path of ['a', 'ab/c', 'ab/cd/e', 'abc', 'b/ab']) await destination.put(path, first)
      expect(await paths(destination)).toEqual(['a', 'ab/c', 'ab/cd/e', 'abc', 'b/ab'])
      expect(await paths(destination, 'a')).toEqual(['a', 'ab/c', 'ab/cd/e', 'abc'])
      expect(await paths(destination, 'ab/')).toEqual(['ab/c', 'ab/cd/e'])
      expect(await paths(destination, 'ab/cd')).toEqual(['ab/cd/e'])
      expect(await paths(destination, 'nothing/here')).toEqual([])
      for await (const info of destination.list('ab/c')) expect(info).toMatchObject({ size: 5 })
    })

    it('sees at once what was stored and removed', async () => {
      const destination = await open()
      await destination.put('a', first)
      expect(await paths(destination)).toEqual(['a'])
      await destination.remove('a')
      expect(await paths(destination)).toEqual([])
      expect(await destination.stat('a')).toBeUndefined()
      await destination.put('a', other, { ifAbsent: true })
      expect(await text(destination, 'a')).toBe('other')
    })

    it('removes what is not there', async () => {
      const destination = await open()
      await destination.put('a', first)
      for (const path of ['b', 'b/c', 'a/b']) await destination.remove(path)
      expect(await paths(destination)).toEqual(['a'])
    })
  })

  describe('refusing', () => {
    it.each([...NO_PATHS, ...NO_NAMES])('takes %j for no path', async (path) => {
      const destination = await open()
      const refused = { code: 'INVALID_ARGUMENT' }
      await expect(destination.put(path, first)).rejects.toMatchObject(refused)
      await expect(destination.get(path)).rejects.toMatchObject(refused)
      await expect(destination.stat(path)).rejects.toMatchObject(refused)
      await expect(destination.remove(path)).rejects.toMatchObject(refused)
    })

    it.each(['/', '../', 'a/../b', '\\..\\/'])('takes %j for no prefix', async (prefix) => {
      await expect(paths(await open(), prefix)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    })

    it('takes no SHA-256 of another form, and no body of another type', async () => {
      const destination = await open()
      const refused = { code: 'INVALID_ARGUMENT' }
      await expect(destination.put('a', first, { sha256: sha256(first).toUpperCase() })).rejects.toMatchObject(refused)
      await expect(destination.put('a', 'text' as never)).rejects.toMatchObject(refused)
      await expect(destination.put('a', streamed(first, { size: -1 }))).rejects.toMatchObject(refused)
      expect(await paths(destination)).toEqual([])
    })
  })

  describe('stopping', () => {
    it('does nothing once its signal is aborted', async () => {
      const [destination, signal] = [await open(), AbortSignal.abort(stop)]
      await destination.put('a', first)
      await expect(destination.put('b', first, { signal })).rejects.toBe(stop)
      await expect(fetchObject(destination, 'a', { signal })).rejects.toBe(stop)
      await expect(destination.stat('a', { signal })).rejects.toBe(stop)
      await expect(destination.remove('a', { signal })).rejects.toBe(stop)
      await expect(paths(destination, '', { signal })).rejects.toBe(stop)
      expect(await paths(destination)).toEqual(['a'])
    })

    it.each([undefined, sha256(first)])(
      'stops a put whose body stalls, lets it go, shows nothing (%s)',
      async (hash) => {
        const [destination, controller] = [await open(), new AbortController()]
        const { body, released } = stalled(randomBytes(10_000))
        const put = destination.put('a', body, { signal: controller.signal, ifAbsent: true, sha256: hash })
        setTimeout(() => controller.abort(stop), 50)
        await expect(put).rejects.toBe(stop)
        await released
        expect(await paths(destination)).toEqual([])
      },
    )

    it('stops a get in the middle', async () => {
      const [destination, controller] = [await open(), new AbortController()]
      await destination.put('a', randomBytes(5_000_000))
      const reader = (await destination.get('a', { signal: controller.signal })).getReader()
      await reader.read()
      controller.abort(stop)
      const rest = async (): Promise<void> => {
        while (!(await reader.read()).done);
      }
      await expect(rest()).rejects.toBe(stop)
    })
  })
}
