import { describe, expectTypeOf, it } from 'vitest'
import {
  type AgeIdentity,
  type AgeRecipient,
  type AnyHoldfastError,
  configure,
  type Identity,
  inspect,
  isHoldfastError,
  openFile,
  openKey,
  Password,
  parseKey,
  password,
  type Recipient,
  RecoveryKey,
  type SealedInfo,
  sealFile,
  sealKey,
  standardInput,
  standardOutput,
  verifyFile,
} from '../../ts/index.ts'

// `npm run types` compiles this file: what must not compile is marked, and an unused mark is an error.
describe('the types', () => {
  it('take one recipient or several, and no bare string', () => {
    const key = parseKey('7'.repeat(64))
    const typed: string = 'correct horse'
    const calls = () => [
      sealFile('a', 'b', { to: key }),
      sealFile('a', 'b', { to: [key, password('correct horse'), key.recipient] }),
      sealFile('a', 'b', { to: ['age1xyz', key] as const, overwrite: true, sync: false }),
      // @ts-expect-error a password is made by password()
      sealFile('a', 'b', { to: 'hunter2' }),
      // @ts-expect-error a string may be anything
      sealFile('a', 'b', { to: typed }),
      // @ts-expect-error an identity is no recipient
      sealFile('a', 'b', { to: key.identity() }),
      // @ts-expect-error somebody must be able to open it
      sealFile('a', 'b', {}),
      // @ts-expect-error a recipient opens nothing
      openFile('a', 'b', { with: key.recipient }),
      // @ts-expect-error a password is made by password()
      verifyFile('a', { with: 'hunter2' }),
      verifyFile('a', { with: [key.identity(), key] }),
    ]
    expectTypeOf(calls).toBeFunction()
    expectTypeOf<Recipient>().toEqualTypeOf<Password | RecoveryKey | AgeRecipient>()
    expectTypeOf<Identity>().toEqualTypeOf<Password | RecoveryKey | AgeIdentity>()
  })

  it('take files as text, URL, bytes, and the standard streams each on its side', () => {
    const key = parseKey('7'.repeat(64))
    const calls = () => [
      sealFile(new URL('file:///a'), Buffer.from('b'), { to: key }),
      sealFile(standardInput, standardOutput, { to: key }),
      inspect(standardInput),
      // @ts-expect-error output is no source
      sealFile(standardOutput, 'b', { to: key }),
      // @ts-expect-error input is no target
      sealFile('a', standardInput, { to: key }),
      // @ts-expect-error a descriptor is no path
      inspect(0),
    ]
    expectTypeOf(calls).toBeFunction()
  })

  it('give handles that only this package makes', () => {
    const misuse = () => [
      // @ts-expect-error the constructor is private
      new RecoveryKey(),
      // @ts-expect-error the constructor is private
      new Password('hunter2'),
      // @ts-expect-error a look-alike is not a key
      sealKey({ format: () => '', close: () => {} }, password('correct horse')),
      // @ts-expect-error a password is not a key
      sealKey(password('correct horse'), password('correct horse')),
      // @ts-expect-error a key is not a password
      openKey(new Uint8Array(), parseKey('')),
      // @ts-expect-error there is no such cost
      password('correct horse', { cost: 'automatic' }),
      // @ts-expect-error memory is a number of bytes
      configure({ kdfMemory: '1 GiB' }),
    ]
    expectTypeOf(misuse).toBeFunction()
    expectTypeOf(openKey).returns.resolves.toEqualTypeOf<RecoveryKey>()
    expectTypeOf(inspect).returns.resolves.toEqualTypeOf<SealedInfo>()
    expectTypeOf(sealKey).returns.resolves.toEqualTypeOf<Uint8Array>()
  })

  it('narrow details by code', () => {
    const narrow = (error: unknown) => {
      if (isHoldfastError(error, 'KEY_CHARACTER')) {
        expectTypeOf(error.details).toEqualTypeOf<{ readonly position: number; readonly group: number }>()
      }
      if (!isHoldfastError(error)) return
      expectTypeOf(error).toEqualTypeOf<AnyHoldfastError>()
      if (error.code === 'CHUNK_CORRUPT') expectTypeOf(error.details.offset).toBeNumber()
      // @ts-expect-error not every error has an offset
      error.details.offset
      // @ts-expect-error there is no such code
      isHoldfastError(error, 'WRONG_PASSWORD')
    }
    expectTypeOf(narrow).toBeFunction()
    const parsed = parseKey.safe('')
    if (parsed.ok) expectTypeOf(parsed.key).toEqualTypeOf<RecoveryKey>()
    else if (parsed.code === 'KEY_LENGTH') expectTypeOf(parsed.details.digits).toBeNumber()
  })
})
