import { setImmediate as turn } from 'node:timers/promises'
import { addon, type Native, type NativeAddon } from '../../ts/native/binding.ts'

/** What a courier asks for. */
export type Request = NonNullable<Parameters<ConstructorParameters<NativeAddon['Courier']>[0]>[0]>

/** A destination in memory behind a courier, as the addon sees it. */
export class MemoryCourier {
  readonly objects = new Map<string, Uint8Array>()
  readonly requests: Request[] = []
  readonly courier: Native<'Courier'>
  /** Called before a request is answered; true: it has been answered, or never will be. */
  meddle: (request: Request) => boolean = () => false

  constructor() {
    this.courier = new (addon().Courier)((request) => {
      if (request === null) return
      this.requests.push(request)
      if (!this.meddle(request)) void this.answer(request)
    })
  }

  /** Answers in a later turn. */
  async answer(request: Request): Promise<void> {
    const { id, kind, name = '' } = request
    await turn()
    if (kind === 'list') {
      const found = [...this.objects].filter(([key]) => key.startsWith(name))
      const sizes = found.map(([, bytes]) => bytes.byteLength)
      const names = found.map(([key]) => key)
      this.courier.answerList(id, names, sizes, Array(found.length).fill(null))
    } else if (kind === 'get') {
      this.courier.answerBytes(id, this.#range(request))
    } else if (kind === 'put' && this.objects.has(name)) {
      this.courier.answerFailure(id, 'OBJECT_EXISTS', `there is an object at ${name}`)
    } else {
      if (kind === 'put') this.objects.set(name, Uint8Array.from(this.courier.take(id) ?? []))
      if (kind === 'remove') this.objects.delete(name)
      this.courier.answerDone(id)
    }
  }

  /** Resolves once a request of this kind has come, from now on. */
  async seen(kind: Request['kind']): Promise<Request> {
    const begun = this.requests.length
    for (;;) {
      const found = this.requests.slice(begun).find((request) => request.kind === kind)
      if (found !== undefined) return found
      await turn()
    }
  }

  #range({ name = '', offset, length }: Request): Uint8Array | null {
    const bytes = this.objects.get(name)
    if (bytes === undefined) return null
    return offset === undefined ? bytes : bytes.subarray(offset, offset + (length ?? 0))
  }
}
