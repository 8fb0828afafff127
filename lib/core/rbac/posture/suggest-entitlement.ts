// An entitlement that could replace standing access, as text for postern.yaml.
import { stringify } from 'yaml'
import { type Entitlement, entitlementSchema, isNamespaceCovered } from '#lib/core/access/entitlement'
import { isSystemNamespace, namespacePattern, protectedNamespaces } from '#lib/core/access/namespaces'
import { isReservedGroup } from '#lib/core/access/on-call'
import { normalizeRules } from '#lib/core/access/rule'
import type { StandingAccess } from '#lib/core/access/standing-access'
import type { PeopleMapping } from '#lib/core/rbac/identity'
import { neverAllowed } from '#lib/core/rbac/nameless-verbs'
import { kubectlLine } from './kubectl-text.ts'

/** NB: groups that no one is in, so that an unfinished suggestion grants nothing. `approvals: []` would approve everyone. */
const fillIn = { approvers: 'fill-in-the-approvers', requesters: 'fill-in-the-requesters' }

const longestWho = 256
const longestName = 63

function nameOf({ namespace, role }: StandingAccess, cluster: string, taken: ReadonlySet<string>): string {
  const text = `${namespace || cluster}-${role.name}`.toLowerCase()
  const parts = text.split('').map((char) => (namespacePattern.test(char) ? char : '-'))
  // Room for the number.
  const short = parts.join('').slice(0, longestName - 4)
  const name = short.split('-').filter(Boolean).join('-') || 'standing-access'
  if (!taken.has(name)) return name
  for (let number = 2; ; number += 1) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`
}

/** The part of a name in the cluster that the identity provider sent; undefined if it sent none. */
const withoutPrefix = (name: string, prefix: string): string | undefined =>
  name.startsWith(prefix) && name.length > prefix.length ? name.slice(prefix.length) : undefined

/**
 * Who holds it now, as the identity provider names them. Members of a group are not known, and neither is the subject behind
 * an e-mail address.
 */
function whoOf({ people, groups, morePeople, moreGroups }: StandingAccess, mapping: PeopleMapping | undefined) {
  if (!mapping) return { groups: [fillIn.requesters] }
  const isUsable = (name: string | undefined): name is string =>
    name !== undefined && name.length <= longestWho && !isReservedGroup(name)
  const known = {
    groups: groups.map((group) => withoutPrefix(group, mapping.groupsPrefix)).filter(isUsable),
    people:
      mapping.username === 'subject'
        ? people.map((person) => withoutPrefix(person, mapping.usernamePrefix)).filter(isUsable)
        : [],
  }
  const missing = people.length + morePeople + groups.length + moreGroups - known.people.length - known.groups.length
  const all = [...known.groups, ...(missing === 0 ? [] : [fillIn.requesters])]
  return {
    ...(all.length > 0 ? { groups: all } : {}),
    ...(known.people.length > 0 ? { people: known.people } : {}),
  }
}

export type SuggestionContext = {
  cluster: string
  mapping: PeopleMapping | undefined
  /** The names of entitlements that are in use. */
  taken: ReadonlySet<string>
}

/** An entitlement, or why there is none. */
export type Suggestion = { name: string; text: string; why: null } | { name: null; text: null; why: string }

const none = (why: string): Suggestion => ({ name: null, text: null, why })

const notRequestable =
  'Its rules can’t be requested as they are, such as rules with empty names. Offer a narrower role.'

/**
 * The text of an entitlement that grants the same permissions on request, without its approvers, which are left to the reader. NB:
 * none for a role whose holder could keep the access or widen it: people add what is suggested.
 */
export function suggestEntitlement(access: StandingAccess, { cluster, mapping, taken }: SuggestionContext): Suggestion {
  const { namespace, role, rules, severity, exceeding, outlives } = access
  if (protectedNamespaces.includes(namespace)) return none(`No one can request access to ${namespace}.`)
  if (isSystemNamespace(namespace))
    return none(`Kubernetes itself depends on ${namespace}: access to it can become access to the whole cluster.`)
  if (exceeding.length > 0) {
    const why = 'Its holder could keep the access after a request has ended, or gain more than was requested.'
    return none(`${why} ${exceeding.join('; ')}. Offer a narrower role.`)
  }
  if (rules?.some((rule) => neverAllowed(rule).length > 0)) return none(notRequestable)
  const permissions = role.kind === 'ClusterRole' ? { clusterRole: role.name } : { rules: normalizeRules(rules ?? []) }
  const entitlement = {
    name: nameOf(access, cluster, taken),
    title: `${role.name} in ${namespace || cluster}`.slice(0, 120).toWellFormed(),
    who: whoOf(access, mapping),
    clusters: [cluster],
    namespaces: [namespace || '*'],
    ...permissions,
    duration: { default: 'PT1H', max: 'PT8H' },
    approvals: [{ groups: [fillIn.approvers] }],
  }
  if (!entitlementSchema.safeParse(entitlement).success) return none(notRequestable)
  const needsRequesters = entitlement.who.groups?.includes(fillIn.requesters)
  const comments = [
    `Replace ${fillIn.approvers} with the groups that approve. No one can approve until then.`,
    ...(needsRequesters
      ? [`Replace ${fillIn.requesters} with groups of the identity provider, or add people by their subject.`]
      : []),
    ...(role.kind === 'ClusterRole' ? ['Add the ClusterRole to parts 3 and 4 of deploy/rbac.yaml.'] : []),
    ...(namespace === ''
      ? ['Requests cover namespaces only, and * not those of Kubernetes itself. List the namespaces instead.']
      : []),
    ...(outlives.length > 0 ? [`What can remain after a request has ended: ${outlives.join('; ')}.`] : []),
    ...(severity === 'high' ? ['The role has a high risk: offer a narrower one if you can.'] : []),
  ]
  const text = stringify({ entitlements: [entitlement] }, { lineWidth: 0, aliasDuplicateObjects: false })
  return { name: entitlement.name, text: `${comments.map((comment) => `# ${comment}\n`).join('')}${text}`, why: null }
}

/** The kubectl commands that take the standing access away. A binding that also binds others is edited. */
export const removalOf = ({ namespace, bindings }: StandingAccess): string[] =>
  bindings.map(({ kind, name, isShared }) =>
    isShared
      ? kubectlLine('edit', kind, name, namespace, ' # remove the people and groups only')
      : kubectlLine('delete', kind, name, namespace),
  )

/** The entitlement that already offers this ClusterRole there. */
export function offeredBy(
  { namespace, role }: StandingAccess,
  cluster: string,
  entitlements: readonly Entitlement[],
  labels: Record<string, string> | undefined,
): string | null {
  if (role.kind !== 'ClusterRole' || namespace === '') return null
  const found = entitlements.find(
    (one) =>
      one.clusterRole === role.name && one.clusters.includes(cluster) && isNamespaceCovered(one, namespace, labels),
  )
  return found?.name ?? null
}
