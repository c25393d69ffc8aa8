import { spawn } from 'node:child_process'
import { describe, expectTypeOf, it } from 'vitest'
import {
  type AnyHoldfastError,
  type BackupResult,
  type CheckReport,
  type CopyResult,
  copyRepository,
  createRepository,
  type Destination,
  type Entry,
  type Found,
  isHoldfastError,
  localFolder,
  openRepository,
  parseKey,
  password,
  type RangeReader,
  Repository,
  type Snapshot,
  sqlite,
} from '../../ts/index.ts'

// `npm run types` compiles this file: what must not compile is marked, and an unused mark is an error.
describe('the types of repositories', () => {
  it('are those of the documentation', () => {
    const use = async (store: Destination, signal: AbortSignal) => {
      const [key, secret] = [parseKey('7'.repeat(64)), password('correct horse')]
      await using repository = await createRepository(store, { to: [secret, key], stateDir: './state', signal })
      const dump = spawn('pg_dump', { stdio: ['ignore', 'pipe', 'inherit'] })
      const result = await repository.backup(
        ['Media', sqlite('messages.db'), { path: 'x', as: 'y' }, { name: 'pg.dump', open: () => dump.stdout }],
        { exclude: ['**/*.tmp'], tags: ['nightly'], signal, onProgress: ({ files }) => files },
      )
      expectTypeOf(result).toEqualTypeOf<BackupResult>()
      for await (const snapshot of repository.snapshots()) expectTypeOf(snapshot).toEqualTypeOf<Snapshot>()
      for await (const entry of repository.list('latest', { path: 'Media' })) expectTypeOf(entry).toEqualTypeOf<Entry>()
      for await (const found of repository.find('*.mov')) expectTypeOf(found).toEqualTypeOf<Found>()
      await repository.restore('latest', { to: 'restored', paths: ['Media/2026'], overwrite: 'never', partial: false })
      await using reader = await repository.openFile(result.snapshot, 'Media/a.mov')
      expectTypeOf(reader).toEqualTypeOf<RangeReader>()
      new Response(reader.stream({ start: 0, end: 99 }))
      expectTypeOf(await repository.check({ read: '5%' })).toEqualTypeOf<CheckReport>()
      expectTypeOf(await copyRepository(store, localFolder('copy'))).toEqualTypeOf<CopyResult>()
      await openRepository(store, { with: secret })
      await openRepository(store)
      await createRepository(store, { unprotected: true, stateDir: null })
    }
    expectTypeOf(use).returns.resolves.toBeVoid()
  })

  it('refuse what makes no sense', () => {
    const store = localFolder('backup')
    const key = parseKey('7'.repeat(64))
    const misuse = async (repository: Repository) => [
      // @ts-expect-error the constructor is private
      new Repository(),
      // @ts-expect-error somebody must be able to open it, or everybody
      createRepository(store, {}),
      // @ts-expect-error a password is made by password()
      createRepository(store, { to: 'hunter2' }),
      // @ts-expect-error an age recipient can open nothing
      createRepository(store, { to: key.recipient }),
      // @ts-expect-error that is said by leaving it out
      createRepository(store, { unprotected: false }),
      // @ts-expect-error an age identity is no credential of a backup
      openRepository(store, { with: key.identity() }),
      // @ts-expect-error a part is a percentage
      repository.check({ read: 'some' }),
      // @ts-expect-error there is a target
      repository.restore('latest', {}),
      // @ts-expect-error a stream has a name
      repository.backup({ open: () => new ReadableStream() }),
      // @ts-expect-error a path is no destination
      openRepository('backup'),
    ]
    expectTypeOf(misuse).toBeFunction()
  })

  it('narrow the details of failures', () => {
    const narrow = (error: AnyHoldfastError) => {
      if (isHoldfastError(error, 'OBJECT_MISMATCH'))
        expectTypeOf(error.details.object).toEqualTypeOf<string | undefined>()
      if (error.code === 'SOURCE_UNREADABLE') expectTypeOf(error.details.path).toEqualTypeOf<string | undefined>()
    }
    expectTypeOf(narrow).toBeFunction()
  })
})
