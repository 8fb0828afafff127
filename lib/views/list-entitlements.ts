import { clusterStates, type ObservedState } from '#lib/adapters/db/clusters/cluster-states'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person, PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { type Entitlement, isAmong, isNamespaceCovered, reasonMinLength } from '#lib/core/access/entitlement'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { protectedNamespaces } from '#lib/core/access/namespaces'
import { patternsOf, ticketExample } from '#lib/core/guardrails/ticket-example'

/** The namespaces that an entitlement covers in a cluster, as last read; before the first reading, those it names in full. */
export function coveredNamespaces(entitlement: Entitlement, state: ObservedState | undefined): string[] {
  const named = entitlement.namespaces?.filter((name) => !name.includes('*')) ?? []
  const all: Array<{ name: string; labels?: Record<string, string> }> =
    state?.namespaces ?? named.map((name) => ({ name }))
  return all
    .filter(({ name, labels }) => isNamespaceCovered(entitlement, name, labels) && !protectedNamespaces.includes(name))
    .map(({ name }) => name)
    .sort()
}

const kindOf = ({ ceiling, clusterRole }: Entitlement) =>
  ceiling ? ('ceiling' as const) : clusterRole ? ('clusterRole' as const) : ('rules' as const)

function toResource(entitlement: Entitlement, states: ReadonlyMap<string, ObservedState>): EntitlementResource {
  const { clusterRole = null, clusters } = entitlement
  const knownRole = clusterRole && clusters.map((name) => states.get(name)?.clusterRoles[clusterRole]).find(Boolean)
  return {
    name: entitlement.name,
    title: entitlement.title,
    description: entitlement.description ?? null,
    clusters: clusters.map((name) => {
      const state = states.get(name)
      return { name, reachable: state?.reachable ?? false, namespaces: coveredNamespaces(entitlement, state) }
    }),
    namespaces: entitlement.namespaces ?? [],
    namespaceSelector: entitlement.namespaceSelector ?? null,
    kind: kindOf(entitlement),
    rules: entitlement.rules ?? entitlement.ceiling ?? (knownRole || []),
    clusterRole,
    defaultDuration: formatDuration(entitlement.duration.default),
    maxDuration: formatDuration(entitlement.duration.max),
    reasonMinLength: reasonMinLength(entitlement),
    ticket: {
      required: entitlement.ticket.required,
      pattern: entitlement.ticket.pattern ?? null,
      example: ticketExample(patternsOf(entitlement.ticket), entitlement.ticket.example),
    },
    approvals: entitlement.approvals.map(({ groups, count, remindAfter, escalate = [], owners, manager }) => ({
      ...{ owners: owners ?? false, manager: manager ?? false },
      ...{ groups, count, remindAfter: remindAfter === undefined ? null : formatDuration(remindAfter) },
      escalate: escalate.map((level) => ({ after: formatDuration(level.after), groups: level.groups })),
    })),
  }
}

/** The entitlements of a person, in the order of the configuration. NB: the caller checks whether the reader may know. */
export async function entitlementsOf(person: Person): Promise<EntitlementResource[]> {
  const states = await clusterStates()
  return currentPolicy()
    .configuration.entitlements.filter(({ who }) => isAmong(who, person))
    .map((entitlement) => toResource(entitlement, states))
}

/** The entitlements that this person can request. */
export const listEntitlements = (actor: PersonActor): Promise<EntitlementResource[]> => entitlementsOf(actor.person)
