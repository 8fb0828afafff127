// What is wrong between the parts of a configuration, each of which may be right by itself. Reads whatever is there:
// these are to be said together with what is wrong in the parts, not after it was put right.
import { RE2JS } from 're2js'
import { nearest } from '#lib/core/access/nearest'

export type Contradiction = { path: (string | number)[]; message: string }

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

const listOf = (value: unknown, key: string): unknown[] => {
  const list = fieldOf(value, key)
  return Array.isArray(list) ? list : []
}

function repeatedNames(configuration: unknown, part: 'clusters' | 'entitlements'): Contradiction[] {
  const seen = new Map<string, number>()
  return listOf(configuration, part).flatMap((item, index) => {
    const name = fieldOf(item, 'name')
    if (typeof name !== 'string') return []
    const first = seen.get(name)
    if (first === undefined) seen.set(name, index)
    return first === undefined
      ? []
      : [{ path: [part, index, 'name'], message: `is the name of ${part}[${first}] too: each needs its own` }]
  })
}

function unknownClusters(configuration: unknown): Contradiction[] {
  const names = listOf(configuration, 'clusters')
    .map((cluster) => fieldOf(cluster, 'name'))
    .filter((name) => typeof name === 'string')
  return listOf(configuration, 'entitlements').flatMap((entitlement, index) =>
    listOf(entitlement, 'clusters').flatMap((name, at) => {
      if (typeof name !== 'string' || names.includes(name)) return []
      const close = nearest(name, names)
      const right = close ? `did you mean ${close}?` : `there are: ${names.join(', ') || 'none'}`
      return [
        { path: ['entitlements', index, 'clusters', at], message: `is no cluster of this configuration; ${right}` },
      ]
    }),
  )
}

function uselessPatterns(configuration: unknown): Contradiction[] {
  return listOf(configuration, 'entitlements').flatMap((entitlement, index) => {
    const pattern = fieldOf(fieldOf(entitlement, 'ticket'), 'pattern')
    if (typeof pattern !== 'string') return []
    try {
      RE2JS.compile(pattern)
      return []
    } catch {
      const message = 'is no regular expression in RE2 syntax (no look-around, no back-references)'
      return [{ path: ['entitlements', index, 'ticket', 'pattern'], message }]
    }
  })
}

/** A cluster that knows people by an e-mail address which Postern never asks the provider for. */
function unknowablePeople(configuration: unknown): Contradiction[] {
  const scopes = fieldOf(fieldOf(configuration, 'identity'), 'scopes')
  if (!Array.isArray(scopes) || scopes.includes('email')) return []
  return listOf(configuration, 'clusters').flatMap((cluster, index) =>
    fieldOf(fieldOf(cluster, 'people'), 'username') === 'email'
      ? [{ path: ['clusters', index, 'people', 'username'], message: 'needs email among identity.scopes' }]
      : [],
  )
}

/** Every contradiction in what was read, parsed or not. */
export const crossValidate = (configuration: unknown): Contradiction[] => [
  ...repeatedNames(configuration, 'clusters'),
  ...repeatedNames(configuration, 'entitlements'),
  ...unknownClusters(configuration),
  ...uselessPatterns(configuration),
  ...unknowablePeople(configuration),
]
