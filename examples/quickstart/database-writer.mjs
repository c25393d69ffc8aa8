// Another program, in a process of its own: it makes a database of SQLite, and commits to it until it is told to stop.
import { DatabaseSync } from '@photostructure/sqlite'

const FIRST_MESSAGES = 20_000
const BETWEEN_COMMITS_MS = 4
const WORDS = 'the quick brown fox jumps over a lazy dog while nobody looks and writes a message about it'.split(' ')

const [path] = process.argv.slice(2)
const database = new DatabaseSync(path)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 60000;
  CREATE TABLE messages (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
  CREATE TABLE counter (messages INTEGER NOT NULL);
  INSERT INTO counter VALUES (0);
`)
const insert = database.prepare('INSERT INTO messages (text) VALUES (?)')
const raise = database.prepare('UPDATE counter SET messages = messages + 1')
let messages = 0

/** Each message and its count are one transaction: a copy that has one without the other is torn. */
function commit(many) {
  database.exec('BEGIN IMMEDIATE')
  for (let left = many; left > 0; left -= 1) {
    insert.run(`${messages} ${WORDS.map((_, at) => WORDS[(at * messages) % WORDS.length]).join(' ')}`)
    raise.run()
    messages += 1
  }
  database.exec('COMMIT')
}

commit(FIRST_MESSAGES)
database.exec('PRAGMA wal_checkpoint')
const timer = setInterval(commit, BETWEEN_COMMITS_MS, 1)
process.send(messages)
process.on('message', (asked) => {
  if (asked === 'stop') {
    clearInterval(timer)
    database.close()
  }
  process.send(messages)
})
// Ctrl-C reaches this process, too: what becomes of it is for the other one to say, which may also be gone.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())
