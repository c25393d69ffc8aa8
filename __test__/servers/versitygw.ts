import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

const program = process.env['HOLDFAST_TEST_VERSITYGW'] ?? ''

/** What the server knows, and nobody else. */
export const CREDENTIALS = { accessKeyId: 'test-access', secretAccessKey: 'test-secret-of-the-loopback' }

/** A versitygw of its own for the file that calls this, on a free port of the loopback; buckets are its folders. */
export function testServer(): Server {
  const server = new Server()
  beforeAll(() => server.start())
  afterAll(() => server.stop())
  return server
}

class Server {
  endpoint = ''
  #folder = ''
  #port = 0
  #child: ChildProcess | undefined
  #count = 0

  /** The name of a new, empty bucket. */
  bucket(): string {
    this.#count += 1
    const name = `bucket-${this.#count}`
    mkdirSync(this.file(name))
    return name
  }

  /** Where an object, a bucket or all of it is on the disk. */
  file(path = ''): string {
    return join(this.#folder, 'buckets', path)
  }

  async start(): Promise<void> {
    if (program === '') throw new Error('HOLDFAST_TEST_VERSITYGW names no versitygw: run `npm run test:servers`')
    this.#folder = mkdtempSync(join(tmpdir(), 'holdfast versitygw '))
    mkdirSync(this.file())
    this.#port = await freePort()
    this.endpoint = `http://127.0.0.1:${this.#port}`
    await this.resume()
  }

  /** Starts it where it was, with what it had. */
  async resume(): Promise<void> {
    const env = { ROOT_ACCESS_KEY: CREDENTIALS.accessKeyId, ROOT_SECRET_KEY: CREDENTIALS.secretAccessKey }
    const args = ['--port', `127.0.0.1:${this.#port}`, '--quiet', '--keep-alive', 'posix', this.file()]
    this.#child = spawn(program, args, { env: { PATH: process.env['PATH'], ...env }, stdio: 'ignore' })
    await this.#answers()
  }

  async stop(): Promise<void> {
    await this.crash()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Ends it in the middle of whatever it does. */
  async crash(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      if (await fetch(this.endpoint).catch(() => undefined)) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('versitygw does not answer')
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
