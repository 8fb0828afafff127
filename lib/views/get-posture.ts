import { lastCallsOf } from '#lib/adapters/db/activity/find-calls'
import { findFeed } from '#lib/adapters/db/activity/grant-activity'
import { clusterStates } from '#lib/adapters/db/clusters/cluster-states'
import { readPosture } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { PostureResource } from '#lib/core/access/posture-finding'
import type { StandingAccess, StandingAccessResource } from '#lib/core/access/standing-access'
import { beginOfUse, standingInWords, unusedCountOf } from '#lib/core/rbac/posture/standing-words'
import { offeredBy, removalOf, suggestEntitlement } from '#lib/core/rbac/posture/suggest-entitlement'

/** The last call of a person in a namespace; '' is anywhere. */
async function lastCallsIn(cluster: string, standing: readonly StandingAccess[], from: Date) {
  const accounts = [...new Set(standing.flatMap(({ people }) => people))]
  const namespaces = [...new Set(standing.flatMap(({ namespace }) => namespace || []))]
  const found = await lastCallsOf(cluster, accounts, namespaces, from)
  const times = new Map<string, Date>()
  for (const { account, namespace, at } of found) {
    for (const place of new Set([namespace, ''])) {
      const key = JSON.stringify([account, place])
      const known = times.get(key)
      if (!known || known < at) times.set(key, at)
    }
  }
  return (account: string, namespace: string) => times.get(JSON.stringify([account, namespace]))
}

async function withUse(cluster: string, standing: readonly StandingAccess[]): Promise<StandingAccessResource[]> {
  if (standing.length === 0) return []
  const { clusters, entitlements } = currentPolicy().configuration
  const mapping = clusters.find(({ name }) => name === cluster)?.people
  const [feed, states] = await Promise.all([findFeed(cluster), clusterStates()])
  const labels = new Map(states.get(cluster)?.namespaces?.map(({ name, labels }) => [name, labels]))
  const lastCall = feed ? await lastCallsIn(cluster, standing, beginOfUse(feed)) : () => undefined
  const taken = new Set(entitlements.map(({ name }) => name))
  return standing.map((access) => {
    const { namespace, role, severity, morePeople, groups, moreGroups } = access
    const people = access.people.map((name) => {
      return { name, lastCallAt: lastCall(name, namespace)?.toISOString() ?? null }
    })
    const calledCount = people.filter(({ lastCallAt }) => lastCallAt !== null).length
    const offer = offeredBy(access, cluster, entitlements, labels.get(namespace))
    const suggestion = offer === null ? suggestEntitlement(access, { cluster, mapping, taken }) : null
    if (suggestion?.name) taken.add(suggestion.name)
    return {
      ...{ namespace, role, severity, people, morePeople, groups, moreGroups },
      sentence: standingInWords(access, feed, calledCount),
      unusedCount: unusedCountOf(access, feed, calledCount),
      offeredBy: offer,
      suggestion: suggestion?.text ?? null,
      whyNotSuggested: suggestion?.why ?? null,
      remove: removalOf(access),
    }
  })
}

/**
 * What is dangerous about the standing access in a cluster.
 * @throws AppError `not-found` for everyone but auditors and admins, and if the cluster is not configured
 */
export async function getPosture(actor: PersonActor, cluster: string): Promise<PostureResource> {
  const { clusters, posture } = currentPolicy().configuration
  if (!seesEverything(actor) || !clusters.some(({ name }) => name === cluster)) throw notFound()
  const { standing, ...stored } = await readPosture(cluster)
  return {
    ...{ ...stored, longestAcceptance: formatDuration(posture.longestAcceptance) },
    standing: await withUse(cluster, standing),
  }
}
