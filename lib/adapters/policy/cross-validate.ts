// Checks the parts of a configuration against each other. It also accepts input that does not match the schema, so that
// these problems are reported together with those of the schema.
import { RE2JS } from 're2js'
import { formatDuration, parseDuration } from '#lib/core/access/duration'
import { nearest } from '#lib/core/access/nearest'
import { isReservedGroup, personIn, rotaOf } from '#lib/core/access/on-call'
import { ruleSchema } from '#lib/core/access/rule'
import { conditionProblem } from '#lib/core/guardrails/configured/unattended'
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

function repeatedNames(configuration: unknown, part: 'clusters' | 'entitlements' | 'rotas'): Contradiction[] {
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

function invalidTickets(configuration: unknown): Contradiction[] {
  return listOf(configuration, 'entitlements').flatMap((entitlement, index) => {
    const ticket = fieldOf(entitlement, 'ticket')
    const [pattern, example] = [fieldOf(ticket, 'pattern'), fieldOf(ticket, 'example')]
    if (typeof pattern !== 'string') return []
    const path = ['entitlements', index, 'ticket']
    try {
      const compiled = RE2JS.compile(pattern)
      if (typeof example !== 'string' || compiled.matcher(example).find()) return []
      return [{ path: [...path, 'example'], message: `must match the pattern ${pattern}` }]
    } catch {
      const message = 'is not a regular expression in RE2 syntax, which has no lookaround and no backreferences'
      return [{ path: [...path, 'pattern'], message }]
    }
  })
}

/** Conditions for automatic approval that could not be evaluated. */
function invalidConditions(configuration: unknown): Contradiction[] {
  return listOf(configuration, 'entitlements').flatMap((entitlement, index) => {
    const when = fieldOf(fieldOf(entitlement, 'automatic'), 'when')
    const problem = typeof when === 'string' ? conditionProblem(when) : null
    return problem ? [{ path: ['entitlements', index, 'automatic', 'when'], message: problem.message }] : []
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

type Place = { path: (string | number)[]; value: unknown }

const eachOf = (value: unknown, path: (string | number)[], key: string): Place[] =>
  listOf(value, key).map((item, index) => ({ path: [...path, key, index], value: item }))

/** Every approval step, those of guardrails included. */
const stepsIn = (configuration: unknown): Place[] => [
  ...eachOf(configuration, [], 'entitlements').flatMap(({ path, value }) => eachOf(value, path, 'approvals')),
  ...eachOf(configuration, [], 'guardrails').flatMap(({ path, value }) =>
    eachOf(fieldOf(value, 'require'), [...path, 'require'], 'approvals'),
  ),
]

/** Everything that names approvers: the steps, and those whom they escalate to. */
const approversIn = (configuration: unknown): Place[] => [
  ...eachOf(configuration, [], 'owners'),
  ...eachOf(configuration, [], 'ownerLabels').flatMap(({ path, value }) => {
    const values = fieldOf(value, 'values')
    const entries = typeof values === 'object' && values !== null ? Object.entries(values) : []
    return entries.map(([name, named]) => ({ path: [...path, 'values', name], value: named }))
  }),
  ...stepsIn(configuration).flatMap((step) => [
    step,
    ...eachOf(step.value, step.path, 'escalate').map(({ path, value }) => ({
      path: [...path, 'to'],
      value: fieldOf(value, 'to'),
    })),
  ]),
]

/** Reminders and escalations that never happen, because the request expires before. */
function lateFollowUps(configuration: unknown): Contradiction[] {
  const lapseAfter = fieldOf(fieldOf(configuration, 'pending'), 'lapseAfter')
  const limit = typeof lapseAfter === 'string' ? parseDuration(lapseAfter) : lapseAfter
  if (typeof limit !== 'number') return []
  const times = stepsIn(configuration).flatMap(({ path, value }) => [
    { path: [...path, 'remindAfter'], value: fieldOf(value, 'remindAfter') },
    ...eachOf(value, path, 'escalate').map((level) => ({
      path: [...level.path, 'after'],
      value: fieldOf(level.value, 'after'),
    })),
  ])
  return times.flatMap(({ path, value }) => {
    const seconds = typeof value === 'string' ? parseDuration(value) : value
    if (typeof seconds !== 'number' || seconds < limit) return []
    return [
      { path, message: `must be shorter than pending.lapseAfter, ${formatDuration(limit)}: the request expires then` },
    ]
  })
}

/** Steps that name a rota which is not configured. */
function unknownRotas(configuration: unknown): Contradiction[] {
  const names = listOf(configuration, 'rotas')
    .map((rota) => fieldOf(rota, 'name'))
    .filter((name) => typeof name === 'string')
  return approversIn(configuration).flatMap(({ path, value }) => {
    const rota = fieldOf(value, 'onCall')
    if (typeof rota !== 'string' || names.includes(rota)) return []
    const close = nearest(rota, names)
    const hint = close ? `did you mean ${close}?` : `the configured rotas are: ${names.join(', ') || 'none'}`
    return [{ path: [...path, 'onCall'], message: `is not a configured rota; ${hint}` }]
  })
}

const insteadOf = (group: string) =>
  rotaOf(group) === undefined ? `people: [${personIn(group)}]` : `onCall: ${rotaOf(group)}`

/** Groups with the name that Postern gives to those who are on call: membership can't come from anywhere else. */
function reservedGroups(configuration: unknown): Contradiction[] {
  const roles = fieldOf(configuration, 'roles')
  const who = [
    ...['auditor', 'admin'].map((role) => ({ path: ['roles', role], value: fieldOf(roles, role) })),
    ...eachOf(configuration, [], 'entitlements').map(({ path, value }) => ({
      path: [...path, 'who'],
      value: fieldOf(value, 'who'),
    })),
  ]
  return [...who, ...approversIn(configuration)].flatMap(({ path, value }) =>
    eachOf(value, path, 'groups').flatMap(({ path: at, value: group }) =>
      typeof group === 'string' && isReservedGroup(group)
        ? [{ path: at, message: `is reserved: write ${insteadOf(group)} in an approval step` }]
        : [],
    ),
  )
}

/** Every contradiction in the input, whether or not it matches the schema. */
export const crossValidate = (configuration: unknown): Contradiction[] => [
  ...repeatedNames(configuration, 'clusters'),
  ...repeatedNames(configuration, 'entitlements'),
  ...repeatedNames(configuration, 'rotas'),
  ...unknownRotas(configuration),
  ...lateFollowUps(configuration),
  ...reservedGroups(configuration),
  ...unknownClusters(configuration),
  ...invalidTickets(configuration),
  ...invalidConditions(configuration),
  ...ineffectiveRules(configuration),
  ...unidentifiablePeople(configuration),
]
