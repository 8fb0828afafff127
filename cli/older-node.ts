// What Node.js 20 lacks of the language and Postern uses. The package loads this first; a newer Node.js has all of it.

const define = (target: object, name: string, value: unknown) => {
  if (!(name in target)) Object.defineProperty(target, name, { value, writable: true, configurable: true })
}

define(Map, 'groupBy', <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K) => {
  const groups = new Map<K, T[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
})

define(URL, 'parse', (url: string, base?: string) => (URL.canParse(url, base) ? new URL(url, base) : null))

define(Promise, 'withResolvers', () => {
  let settle: Omit<PromiseWithResolvers<unknown>, 'promise'> | undefined
  const promise = new Promise((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, ...settle }
})

define(Set.prototype, 'difference', function (this: Set<unknown>, other: ReadonlySet<unknown>) {
  return new Set([...this].filter((value) => !other.has(value)))
})

const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object

/** Every iterator is an instance, as `instanceof Iterator` expects. */
function IteratorConstructor() {}
IteratorConstructor.prototype = iteratorPrototype
define(globalThis, 'Iterator', IteratorConstructor)

define(iteratorPrototype, 'map', function* <T>(this: Iterable<T>, change: (item: T, index: number) => unknown) {
  let index = 0
  for (const item of this) yield change(item, index++)
})
