/**
 * A value whose texts PostgreSQL can store: without NUL and without unpaired surrogates. Whose text it is must not keep the rest from
 * being recorded: refused input is in the event of its refusal, and anyone who may create a binding chooses the names in it.
 */
export function storable<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd') as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)])) as T
}
