import { clusterStates, type ObservedState } from '#lib/adapters/db/clusters/cluster-states'
import { clusterTokenLives } from '#lib/adapters/db/clusters/cluster-tokens'
import { findingsWithoutGrant } from '#lib/adapters/db/clusters/findings'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import { isAmong } from '#lib/core/access/entitlement'
import { seesEverything } from '#lib/core/access/may-see'
import { protectedNamespaces } from '#lib/core/access/namespaces'
import { podsNeededFor } from '#lib/core/access/pod-facts'
import { tokenWebhookStateOf } from '#lib/core/access/token-webhook'
import { toFindingResource } from './finding-resource.ts'
import { coveredNamespaces } from './list-entitlements.ts'

/** A namespace is grantable if it is not protected and Postern has all the permissions there that granting needs. */
function grantableIn({ namespaces, permissions }: ObservedState): ClusterResource['namespaces'] {
  return (namespaces ?? []).map(({ name }) => {
    const checked = permissions.filter(({ namespace, neededFor }) => namespace === name && neededFor !== podsNeededFor)
    const isOpen = !protectedNamespaces.includes(name)
    return { name, grantable: isOpen && checked.length > 0 && checked.every(({ allowed }) => allowed) }
  })
}

/**
 * Every configured cluster as the worker last read it. Everyone learns that it exists, whether it is reachable, and the
 * namespaces that they can request; auditors and admins see all of it.
 */
export async function listClusters(actor: PersonActor): Promise<ClusterResource[]> {
  const { clusters, entitlements } = currentPolicy().configuration
  const isWhole = seesEverything(actor)
  const [states, findings, tokens] = await Promise.all([
    clusterStates(),
    findingsWithoutGrant(isWhole ? clusters.map(({ name }) => name) : []),
    isWhole ? clusterTokenLives() : undefined,
  ])
  const theirs = entitlements.filter(({ who }) => isAmong(who, actor.person))
  return clusters.map(({ name, labels, publicServer, people = null, webhookAuthentication }) => {
    const state = states.get(name)
    const known = { name, reachable: state?.reachable ?? false, checkedAt: state?.checkedAt.toISOString() ?? null }
    if (isWhole) {
      const { version = null, error = null, permissions = [], admission = null } = state ?? {}
      const { rightsReadAt = null, rightsError = null } = state ?? {}
      const token = tokens?.get(name) ?? null
      return {
        ...known,
        labels,
        publicServer,
        version,
        error,
        permissions,
        admission,
        people,
        token: token && {
          ...token,
          expiresAt: token.expiresAt.toISOString(),
          renewedAt: token.renewedAt?.toISOString() ?? null,
        },
        rightsReadAt: rightsReadAt?.toISOString() ?? null,
        rightsError,
        tokenWebhook: webhookAuthentication
          ? tokenWebhookStateOf(state?.tokenProbe ?? null, state?.tokenReviewAt ?? null)
          : null,
        namespaces: state ? grantableIn(state) : [],
        findings: (findings.get(name) ?? []).map(toFindingResource),
      }
    }
    const mine = theirs.filter((entitlement) => entitlement.clusters.includes(name))
    const requestable = new Set(mine.flatMap((entitlement) => coveredNamespaces(entitlement, state)))
    const namespaces = state ? grantableIn(state).filter((namespace) => requestable.has(namespace.name)) : []
    const own = mine.length > 0 ? { labels, publicServer } : { labels: {}, publicServer: '' }
    const notTheirs = {
      ...{ version: null, error: null, permissions: [], admission: null, findings: [] },
      ...{ people: null, token: null, rightsReadAt: null, rightsError: null, tokenWebhook: null },
    }
    return { ...known, ...own, ...notTheirs, namespaces }
  })
}
