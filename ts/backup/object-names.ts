/** Kinds of objects, in the order in which a copy stores them: nothing is there before what it refers to. @internal */
export const KINDS = [
  'pack',
  'index',
  'tombstone',
  'snapshot',
  'slot',
  'open',
  'claim',
  'complete',
  'repository',
] as const

/** What an object is. @internal */
export type ObjectKind = (typeof KINDS)[number]

/** What the name of an object tells (`docs/format.md` section 5). @internal */
export interface ObjectName {
  readonly kind: ObjectKind
  /** SHA-256 of its bytes as 64 hexadecimal digits; undefined for those that are named otherwise. */
  readonly digest: string | undefined
}

const HEX64 = '(?<digest>[0-9a-f]{64})'
const EPOCH = 'e[1-9]\\d*'
const TIME = '\\d{8}T\\d{6}Z'

const FORMS: readonly (readonly [ObjectKind, RegExp])[] = [
  ['repository', /^holdfast\.json$/],
  ['claim', form('epoch\\.json')],
  ['open', form('keyring/open\\.json')],
  ['slot', form(`keyring/[a-z]+-${HEX64}\\.age`)],
  ['complete', form(`complete/${HEX64}\\.age`)],
  ['pack', form(`packs/(?<start>[0-9a-f]{2})/(?=\\k<start>)${HEX64}\\.age`)],
  ['index', form(`indexes/${HEX64}\\.age`)],
  ['snapshot', form(`snapshots/${TIME}-${HEX64}\\.age`)],
  ['tombstone', form(`tombstones/${TIME}-${HEX64}\\.age`)],
]

/**
 * What an object of this name is; undefined for names that no repository has.
 *
 * @internal
 */
export function parseObjectName(name: string): ObjectName | undefined {
  for (const [kind, pattern] of FORMS) {
    const match = pattern.exec(name)
    if (match) return { kind, digest: match.groups?.['digest'] }
  }
  return undefined
}

function form(rest: string): RegExp {
  return new RegExp(`^${EPOCH}/${rest}$`)
}
