import { execFileSync, spawnSync } from 'node:child_process'
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { localFolder } from '../../ts/destinations/local-folder.ts'
import { testFolder } from '../seal/folder.ts'
import { paths, stalled, streamed, text } from './bodies.ts'
import { testDestination } from './contract.ts'

const folder = testFolder()
const content = Buffer.from('content')

/** Names of all temporary files in the folder. */
const drafts = (): string[] => readdirSync(folder.path).filter((name) => name.endsWith('.partial'))

describe('a local folder', () => {
  testDestination(async () => localFolder(folder.fresh()))

  it('is made when something is stored, and only then', async () => {
    const path = join(folder.fresh(), 'deeper')
    const destination = localFolder(path)
    expect(await paths(destination)).toEqual([])
    expect(await destination.stat('a')).toBeUndefined()
    expect(() => statSync(path)).toThrow('ENOENT')
    await destination.put('x/y/z', content)
    expect(readFileSync(join(path, 'x/y/z'))).toEqual(content)
  })

  it('can be given as a URL, and as nothing but a path', async () => {
    await localFolder(pathToFileURL(folder.at('by url'))).put('a', content)
    expect(readFileSync(folder.at('by url/a'))).toEqual(content)
    for (const wrong of ['', 'a\0b', 7, undefined, new URL('https://example.com/')]) {
      expect(() => localFolder(wrong as string)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
  })

  it('stays where it was when the working directory changes', async () => {
    const before = process.cwd()
    try {
      process.chdir(folder.path)
      const destination = localFolder('relative')
      process.chdir('/')
      await destination.put('a', content)
      expect(readFileSync(folder.at('relative/a'))).toEqual(content)
    } finally {
      process.chdir(before)
    }
  })

  it('keeps objects as plain files, with nothing beside them', async () => {
    const destination = localFolder(folder.path)
    await destination.put('a/b', content, { ifAbsent: true })
    await destination.put('a/b', streamed(content))
    await expect(destination.put('a/b', content, { ifAbsent: true })).rejects.toThrow('already')
    expect(readdirSync(folder.path)).toEqual(['a'])
    expect(readdirSync(folder.at('a'))).toEqual(['b'])
    expect(lstatSync(folder.at('a/b')).nlink).toBe(1)
  })

  it('does not even open the body of an object that is there', async () => {
    const destination = localFolder(folder.path)
    await destination.put('a', content)
    const body = { size: 1, open: () => expect.fail('it was opened') }
    await expect(destination.put('a', body, { ifAbsent: true })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
  })

  it('loses the race against a writer that comes in between', async () => {
    const destination = localFolder(folder.path)
    const body = {
      open: () => {
        writeFileSync(folder.at('a'), 'theirs')
        return new Response(content).body as ReadableStream<Uint8Array>
      },
    }
    await expect(destination.put('a', body, { ifAbsent: true })).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
    expect(readFileSync(folder.at('a'), 'utf8')).toBe('theirs')
    expect(drafts()).toEqual([])
  })

  it('closes the file, however a download ends', async () => {
    const destination = localFolder(folder.path)
    await destination.put('a', Buffer.alloc(3_000_000))
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const [before, controller] = [descriptors(), new AbortController()]
    await (await destination.get('a')).cancel()
    const reader = (await destination.get('a')).getReader()
    await reader.read()
    await reader.cancel()
    expect(await text(destination, 'a')).toHaveLength(3_000_000)
    await destination.get('a', { signal: controller.signal })
    controller.abort()
    await vi.waitFor(() => expect(descriptors()).toBe(before))
  })

  it('takes links, folders, pipes and hidden files for no objects', async () => {
    const destination = localFolder(folder.path)
    writeFileSync(folder.at('file'), content)
    symlinkSync(folder.at('file'), folder.at('link'))
    mkdirSync(folder.at('folder/.hidden'), { recursive: true })
    writeFileSync(folder.at('folder/.hidden/file'), content)
    symlinkSync(folder.path, folder.at('folder/round'))
    execFileSync('mkfifo', [folder.at('pipe')])
    writeFileSync(folder.at('a:b'), content)
    expect(await paths(destination)).toEqual(['file'])
    for (const path of ['link', 'folder', 'pipe']) {
      expect(await destination.stat(path)).toBeUndefined()
      await expect(destination.get(path)).rejects.toMatchObject({ code: 'OBJECT_MISSING' })
    }
    await destination.put('link', Buffer.from('replaced'))
    expect(readFileSync(folder.at('file'))).toEqual(content)
    expect(await text(destination, 'link')).toBe('replaced')
  })
})

describe('row 28: what a killed process leaves behind', () => {
  /** Puts a body that stalls, is killed, and leaves its temporary file. */
  function killed(): void {
    const module = pathToFileURL('ts/destinations/local-folder.ts').href
    const program = `
      import { localFolder } from ${JSON.stringify(module.replace('/ts/', '/dist/').replace(/\.ts$/, '.js'))}
      const open = () => new ReadableStream({
        start(controller) { controller.enqueue(new Uint8Array(100_000)) },
        pull() { process.kill(process.pid, 'SIGKILL') },
      })
      await localFolder(${JSON.stringify(folder.path)}).put('a', { open }, { ifAbsent: true })`
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program])
    expect(signal, stderr.toString()).toBe('SIGKILL')
  }

  it('is not listed, and removed by the next writer', async () => {
    killed()
    expect(drafts()).toHaveLength(1)
    const destination = localFolder(folder.path)
    expect(await paths(destination)).toEqual([])
    expect(drafts()).toHaveLength(1)
    await destination.put('a', content, { ifAbsent: true })
    expect(readdirSync(folder.path)).toEqual(['a'])
  })

  it('of another machine is removed after a day', async () => {
    const [fresh, old] = ['1', '2'].map((mark) => `.holdfast-0123abcd-1-${mark.repeat(16)}.partial`) as [string, string]
    writeFileSync(folder.at(fresh), '')
    writeFileSync(folder.at(old), '')
    const yesterday = Date.now() / 1000 - 25 * 3600
    utimesSync(folder.at(old), yesterday, yesterday)
    await localFolder(folder.path).put('a', content)
    expect(drafts()).toEqual([fresh])
  })

  it('is told apart from the work of the living', async () => {
    const controller = new AbortController()
    const { body } = stalled(content)
    const first = localFolder(folder.path).put('a', body, { signal: controller.signal })
    await vi.waitFor(() => expect(drafts()).toHaveLength(1))
    await localFolder(folder.path).put('b', content)
    expect(drafts()).toHaveLength(1)
    controller.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    expect(drafts()).toEqual([])
  })

  it('that was linked already is the object all the same', async () => {
    const left = folder.at(`.holdfast-0123abcd-1-${'3'.repeat(16)}.partial`)
    writeFileSync(left, content)
    linkSync(left, folder.at('a'))
    utimesSync(left, 0, 0)
    const destination = localFolder(folder.path)
    await destination.put('b', content)
    expect(drafts()).toEqual([])
    expect(await text(destination, 'a')).toBe('content')
  })
})

/** One way to call `write` of a file. */
interface OneWrite {
  write(piece: Uint8Array, offset: number, length?: number): Promise<unknown>
}

describe('a failing disk', () => {
  afterEach(() => vi.restoreAllMocks())

  /** Makes one call of every file fail. */
  async function breaking(call: 'write' | 'sync' | 'read' | 'stat' | 'close', errno: string): Promise<void> {
    const probe = await open(folder.file('probe'))
    const prototype = Object.getPrototypeOf(probe) as FileHandle
    await probe.close()
    const failure = Object.assign(new Error(`${errno}: secret/path`), { code: errno, syscall: call })
    vi.spyOn(prototype, call).mockRejectedValue(failure)
  }

  it.each([
    ['write', 'ENOSPC', 'DESTINATION_FULL', false],
    ['write', 'EDQUOT', 'DESTINATION_FULL', false],
    ['sync', 'ENOSPC', 'DESTINATION_FULL', false],
    ['write', 'EIO', 'DESTINATION_UNREACHABLE', true],
    ['sync', 'EIO', 'DESTINATION_UNREACHABLE', true],
    ['write', 'ESTALE', 'DESTINATION_UNREACHABLE', true],
    ['write', 'EROFS', 'DESTINATION_DENIED', false],
    ['stat', 'EACCES', 'DESTINATION_DENIED', false],
  ] as const)('row 25, row 26: at %s with %s is %s, and nothing is visible', async (call, errno, code, retryable) => {
    const [root, destination] = [folder.at('kept'), localFolder(folder.at('kept'))]
    mkdirSync(root)
    await breaking(call, errno)
    const failure = await destination.put('a', content, { ifAbsent: true }).catch((thrown: unknown) => thrown)
    expect(failure).toMatchObject({
      name: 'DestinationError',
      code,
      retryable,
      details: { destination: 'local folder' },
    })
    expect((failure as Error).message).toBe(`local folder: ${call} failed with ${errno}`)
    vi.restoreAllMocks()
    expect(readdirSync(root)).toEqual([])
    await destination.put('a', content, { ifAbsent: true })
    expect(await text(destination, 'a')).toBe('content')
  })

  it('row 26: that cannot keep the name of an object does not show it', async () => {
    const destination = localFolder(folder.path)
    const probe = await open(folder.file('probe'))
    const failure = Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fsync' })
    vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'sync')
      .mockResolvedValueOnce()
      .mockRejectedValue(failure)
    await probe.close()
    await expect(destination.put('a', content, { ifAbsent: true })).rejects.toMatchObject({
      code: 'DESTINATION_UNREACHABLE',
      message: 'local folder: fsync failed with EIO',
    })
    expect(await destination.stat('a')).toBeUndefined()
  })

  it('row 26: that cannot be read says so in the stream', async () => {
    const destination = localFolder(folder.path)
    await destination.put('a', content)
    await breaking('read', 'EIO')
    await expect(text(destination, 'a')).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
  })

  it('row 39: that has less than it said is no short object', async () => {
    const destination = localFolder(folder.path)
    await destination.put('a', Buffer.alloc(3_000_000))
    const stream = await destination.get('a')
    writeFileSync(folder.at('a'), 'cut')
    await expect(new Response(stream as never).arrayBuffer()).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
  })

  it('row 27: that writes a byte at a time is invisible', async () => {
    const destination = localFolder(folder.path)
    const probe = await open(folder.file('probe'))
    const prototype = Object.getPrototypeOf(probe) as OneWrite
    const { write } = prototype
    vi.spyOn(prototype, 'write').mockImplementation(function (this: OneWrite, piece, offset) {
      return write.call(this, piece, offset, 1)
    })
    await destination.put('a', content)
    await probe.close()
    expect(await text(destination, 'a')).toBe('content')
  })

  it('whose folder is a file is DESTINATION_DENIED', async () => {
    const destination = localFolder(folder.file('no folder'))
    await expect(destination.put('a', content)).rejects.toMatchObject({ code: 'DESTINATION_DENIED' })
  })
})
