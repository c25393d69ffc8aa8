// The 64-digit key of the quickstart: made once, saved where only its owner reads it, and shown.
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { keyPath } from './places.mjs'

/** The key of the last run, or a new one, saved as a key file. */
export async function provideKey({ generateKey, parseKey }, say) {
  const path = await keyPath()
  const kept = existsSync(path)
  const handle = kept ? parseKey(identityIn(await readFile(path, 'utf8'))) : generateKey()
  if (!kept) {
    const text = `# The key of holdfast's quickstart, an age identity.\n${handle.identity()}\n`
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  }
  say()
  say(kept ? 'Your 64-digit key, from the last time:' : 'Your new 64-digit key:')
  say()
  for (const row of handle.format().split('\n')) say(`    ${row}`)
  say()
  say(`    check group ${handle.check}; saved in ${path}`)
  say('    readable by you alone (0600), also an identity file for age')
  say()
  return { path, handle }
}

function identityIn(text) {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join('\n')
}
