// Runs one program from the project's root: streamed, or quiet until it fails.
import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The environment of every step: local programs first. */
function environment(extra) {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1', CARGO_TERM_COLOR: 'always' } : {}
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`
  return { ...process.env, ...colour, ...extra, PATH: path }
}

/** Resolves to the exit code and the plain text of both streams; a program that cannot start has code 127. */
export function run(command, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    const pieces = []
    const take = (stream) => (piece) => {
      pieces.push(piece)
      if (!quiet) stream.write(piece)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`)
      resolve({ code: 127, output: '' })
    })
    child.on('close', (code, signal) => {
      if (quiet && code !== 0) process.stderr.write(Buffer.concat(pieces))
      if (signal !== null) process.stderr.write(`${command} was ended by ${signal}\n`)
      resolve({ code: code ?? 1, output: stripVTControlCharacters(Buffer.concat(pieces).toString('utf8')) })
    })
  })
}
