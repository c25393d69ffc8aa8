// The database of the made folder: the program that writes to it, and whether a restored copy is sound.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect } from './steps.mjs'

const PROGRAM = fileURLToPath(new URL('database-writer.mjs', import.meta.url))

/** Starts the program that makes the database at `path` and writes to it. */
export async function startWriter(path) {
  const child = fork(PROGRAM, [path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const answer = () =>
    new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the program that writes to the database ended by itself'))
      child.once('exit', ended)
      child.once('message', (messages) => {
        child.off('exit', ended)
        resolve(messages)
      })
    })
  const ask = (what) => {
    const answered = answer()
    child.send(what)
    return answered
  }
  await answer()
  return {
    /** Messages that are committed by now. */
    committed: () => ask('count'),
    /** Lets it come to its end. Resolves to the number of messages in all. */
    async stop() {
      const messages = await ask('stop')
      child.disconnect()
      return messages
    },
    /** Ends it, whatever it is doing. */
    kill: () => child.kill('SIGKILL'),
  }
}

/** What `PRAGMA integrity_check` says of the database at `path`: `ok`, or what is wrong. */
export function integrityOf(path) {
  try {
    return withDatabase(path, (database) => database.prepare('PRAGMA integrity_check').get().integrity_check)
  } catch (error) {
    return error.message
  }
}

/** Number of messages in a copy of the database that the writer made, which must be those of whole transactions. */
export function messagesIn(path) {
  return withDatabase(path, (database) => {
    const { found, last } = database.prepare('SELECT count(*) AS found, max(id) AS last FROM messages').get()
    const { messages } = database.prepare('SELECT messages FROM counter').get()
    expect(found === messages && last === messages, 'the restored database has half a transaction')
    return messages
  })
}

function withDatabase(path, work) {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return work(database)
  } finally {
    database.close()
  }
}
