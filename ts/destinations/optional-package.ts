import { makeError } from '../errors.ts'

/**
 * An optional peer dependency, loaded on first use.
 *
 * @throws `PACKAGE_MISSING` naming it when it is not installed.
 * @internal
 */
export async function optionalPackage<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing || !cause.message.includes(`'${name}'`)) throw cause
    throw makeError('PACKAGE_MISSING', `package ${name} is not installed`, { details: { package: name }, cause })
  }
}
