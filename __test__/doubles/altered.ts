import type { Destination } from '../../ts/destinations/destination.ts'

/** A destination of which some members are others. */
export function altered(store: Destination, members: Partial<Destination>): Destination {
  const same: Destination = {
    name: store.name,
    limits: store.limits,
    put: (...given) => store.put(...given),
    get: (...given) => store.get(...given),
    stat: (...given) => store.stat(...given),
    list: (...given) => store.list(...given),
    remove: (...given) => store.remove(...given),
  }
  return { ...same, ...members }
}
