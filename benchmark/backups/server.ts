import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Missing } from '../contestants.ts'
import { installedIn, programsNamed, testCache } from '../programs.ts'

/** In the folder of keys, where processes find how to reach the server. */
export const ACCESS_FILE = 'access.json'

const TRIES = 300
const PAUSE_MS = 100

/** What reaches a bucket; the access key is for this server alone. */
export interface Access {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export const NO_SERVER: Missing = {
  name: 'versitygw',
  why: 'neither in PATH nor named by HOLDFAST_TEST_VERSITYGW (npm run test:servers installs one where it is found)',
}

/** The path of an S3 server. */
export function findServer(): string | undefined {
  const places = [...programsNamed('versitygw', 'HOLDFAST_TEST_VERSITYGW'), ...installedIn(testCache(), 'versitygw')]
  return places[0]
}

/** A versitygw on a free port of the loopback, whose buckets are folders. */
export class Server {
  readonly access: Access
  readonly #folder: string
  readonly #child: ChildProcess
  readonly #kill: () => void

  /** Starts `program`, and waits until it answers. */
  static async start(program: string, folder: string, secretAccessKey: string): Promise<Server> {
    const port = await freePort()
    const access = { endpoint: `http://127.0.0.1:${port}`, accessKeyId: 'benchmark', secretAccessKey }
    const server = new Server(program, folder, access)
    await server.#answers()
    return server
  }

  private constructor(program: string, folder: string, access: Access) {
    this.access = access
    this.#folder = folder
    const address = access.endpoint.replace('http://', '')
    this.#child = spawn(program, ['--port', address, '--quiet', '--keep-alive', 'posix', folder], {
      env: { PATH: process.env['PATH'], ROOT_ACCESS_KEY: access.accessKeyId, ROOT_SECRET_KEY: access.secretAccessKey },
      stdio: 'ignore',
    })
    this.#kill = () => this.#child.kill('SIGKILL')
    process.once('exit', this.#kill)
  }

  /** Where a bucket is on the disk. */
  bucket(name: string): string {
    return join(this.#folder, name)
  }

  makeBucket(name: string): void {
    mkdirSync(this.bucket(name))
  }

  removeBucket(name: string): void {
    rmSync(this.bucket(name), { recursive: true })
  }

  async stop(): Promise<void> {
    process.removeListener('exit', this.#kill)
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#kill()
    await ended
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await fetch(this.access.endpoint).catch(() => undefined)) return
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
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
