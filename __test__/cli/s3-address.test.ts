import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { packageCopy } from '../processes/package-copy.ts'
import { backupCase } from './backup-case.ts'
import { holdfast, jsonOf, type Outcome, outcome, startProgram } from './command.ts'

const here = backupCase()
const SECRET = 'hunter22hunter22'
const ACCESS = {
  AWS_ACCESS_KEY_ID: 'someone',
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_PROFILE: '',
  AWS_CONFIG_FILE: '/none',
}

/** A service that refuses everybody. */
async function refusing(seen: IncomingMessage[]): Promise<string> {
  const server: Server = createServer((request, response) => {
    seen.push(request)
    request.resume()
    response.writeHead(403, { 'content-type': 'application/xml' })
    response.end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('an s3: address', () => {
  it('is reached with what the environment has for AWS programs', async () => {
    const seen: IncomingMessage[] = []
    const dest = `s3://bucket/laptop?endpoint=${await refusing(seen)}`
    const ran = await here.run(['snapshots', dest, '--json'], { env: ACCESS })
    expect(ran.code, ran.stdout).toBe(5)
    expect(jsonOf(ran)).toMatchObject({ ok: false, error: { code: 'DESTINATION_DENIED', path: dest } })
    expect(seen[0]?.url).toContain('/bucket')
    expect(seen[0]?.headers.authorization).toContain('Credential=someone/')
    expect(ran.stdout + ran.stderr).not.toContain(SECRET)
  })

  it('says which package to install where the client of S3 is missing', async () => {
    const copy = packageCopy('shipped')
    const run = (args: readonly string[]): Promise<Outcome> =>
      outcome(startProgram(join(copy.path, 'dist/cli/main.js'), args, { env: { ...here.env, ...ACCESS } }, 'pipe'))
    const ran = await run(['snapshots', 's3://bucket/laptop?endpoint=http://127.0.0.1:1', ...here.key])
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain('npm install @aws-sdk/client-s3')
  })

  it('that makes no sense is refused before anybody is asked for a password', async () => {
    const ran = await holdfast(['snapshots', 's3://bucket/laptop?server=x'], { env: here.env })
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('an s3: address knows only endpoint') })
  })
})
