// Checks the parts of a configuration against each other. It also accepts input that does not match the schema, so that
// these problems are reported together with those of the schema.
import { RE2JS } from 're2js'
import { nearest } from '#lib/core/access/nearest'
import { ruleSchema } from '#lib/core/access/rule'
import { neverAllowed, whyNeverAllowed } from '#lib/core/rbac/nameless-verbs'

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
      : [{ path: [part, index, 'name'], message: `is already the name of ${part}[${first}]: choose another name` }]
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
      const hint = close ? `did you mean ${close}?` : `the configured clusters are: ${names.join(', ') || 'none'}`
      return [{ path: ['entitlements', index, 'clusters', at], message: `is not a configured cluster; ${hint}` }]
    }),
  )
}

function invalidPatterns(configuration: unknown): Contradiction[] {
  return listOf(configuration, 'entitlements').flatMap((entitlement, index) => {
    const pattern = fieldOf(fieldOf(entitlement, 'ticket'), 'pattern')
    if (typeof pattern !== 'string') return []
    try {
      RE2JS.compile(pattern)
      return []
    } catch {
      const message = 'is not a regular expression in RE2 syntax, which has no lookaround and no backreferences'
      return [{ path: ['entitlements', index, 'ticket', 'pattern'], message }]
    }
  })
}

/** A cluster that identifies people by e-mail address, while sign-ins do not request the scope `email`. */
function unidentifiablePeople(configuration: unknown): Contradiction[] {
  const scopes = fieldOf(fieldOf(configuration, 'identity'), 'scopes')
  if (!Array.isArray(scopes) || scopes.includes('email')) return []
  return listOf(configuration, 'clusters').flatMap((cluster, index) =>
    fieldOf(fieldOf(cluster, 'people'), 'username') === 'email'
      ? [{ path: ['clusters', index, 'people', 'username'], message: 'requires email in identity.scopes' }]
      : [],
  )
}

/** Rules of entitlements that the API server never allows, so that no one can request them. */
function ineffectiveRules(configuration: unknown): Contradiction[] {
  return listOf(configuration, 'entitlements').flatMap((entitlement, index) =>
    (['rules', 'ceiling'] as const).flatMap((part) =>
      listOf(entitlement, part).flatMap((rule, at) => {
        const { data } = ruleSchema.safeParse(rule)
        const path = ['entitlements', index, part, at, 'resourceNames']
        return data
          ? neverAllowed(data).map((what) => ({ path, message: `can't be used here: ${whyNeverAllowed[what]}` }))
          : []
      }),
    ),
  )
}

/** Every contradiction in the input, whether or not it matches the schema. */
export const crossValidate = (configuration: unknown): Contradiction[] => [
  ...repeatedNames(configuration, 'clusters'),
  ...repeatedNames(configuration, 'entitlements'),
  ...unknownClusters(configuration),
  ...invalidPatterns(configuration),
  ...ineffectiveRules(configuration),
  ...unidentifiablePeople(configuration),
]
