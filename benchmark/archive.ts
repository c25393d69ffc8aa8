// holdfast's part of a backup: `node archive.mjs KEYS init|open|open-password|backup|restore HOME [SOURCE|TARGET]`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryIn } from './backups/archivers.ts'
import { load } from './candidates/holdfast.ts'

const [keys = '', action = '', home = '', place = ''] = process.argv.slice(2)
const { createRepository, localFolder, openRepository, parseKey, password } = await load()
const read = (name: string) => readFileSync(join(keys, name), 'utf8').trim()
const store = localFolder(repositoryIn(home))
const stateDir = join(home, 'state')

const ACTIONS: Record<string, () => Promise<void>> = {
  async init() {
    const repository = await createRepository(store, { to: [parseKey(read('identity')), secret()], stateDir })
    await repository.close()
  },
  async open() {
    const repository = await openRepository(store, { with: parseKey(read('identity')), stateDir })
    await repository.close()
  },
  async 'open-password'() {
    const repository = await openRepository(store, { with: secret(), stateDir })
    await repository.close()
  },
  async backup() {
    const repository = await openRepository(store, { with: parseKey(read('identity')), stateDir })
    const { complete } = await repository.backup(place)
    await repository.close()
    if (!complete) throw new Error('the backup is incomplete')
  },
  async restore() {
    const repository = await openRepository(store, { with: parseKey(read('identity')), stateDir })
    const { complete } = await repository.restore('latest', { to: place })
    await repository.close()
    if (!complete) throw new Error('the restore is incomplete')
  },
}

const act = ACTIONS[action]
if (act === undefined) throw new Error('no such action')
await act()

function secret(): ReturnType<typeof password> {
  return password(read('password'))
}
