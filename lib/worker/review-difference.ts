import type { ClusterClient } from '#lib/adapters/cluster/client'
import { review } from '#lib/adapters/cluster/reviews'
import type { Configuration } from '#lib/adapters/policy/configuration'
import type { Difference } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { breakdown, countQuestions } from '#lib/core/rbac/breakdown'
import { whoIn } from '#lib/core/rbac/current-access'
import { effectiveDifference } from '#lib/core/rbac/difference'
import type { GrantInWork } from './work.ts'

/** A thousand access reviews take a second; for more, the last reading of the cluster is used instead. */
const mostQuestions = 1_000

/**
 * What a grant adds to its requester's access, by the cluster's own answer about each permission at this moment. Undefined
 * if the requester's user name in the cluster is unknown, or there are too many permissions.
 * @throws ClusterError
 */
export async function reviewDifference(
  client: ClusterClient,
  { cluster, request, requester }: GrantInWork,
  configuration: Configuration,
  now: Date,
): Promise<Difference | undefined> {
  const { rules, namespaces } = request
  const configured = configuration.clusters.find(({ name }) => name === cluster)
  const { identity } = whoIn(cluster, configured?.people, requester)
  if (!identity || countQuestions(rules, namespaces) > mostQuestions) return undefined
  const questions = breakdown(rules, namespaces)
  const answers = await review(client, identity, questions)
  const current = new Map<string, Rule[]>(namespaces.map((namespace) => [namespace, []]))
  questions.forEach(({ namespace, verb, group, resource, subresource, name }, index) => {
    if (!answers[index]) return
    current.get(namespace)?.push({
      verbs: [verb],
      apiGroups: [group],
      resources: [subresource ? `${resource}/${subresource}` : resource],
      ...(name ? { resourceNames: [name] } : {}),
    })
  })
  return { known: true, asOf: now.toISOString(), ...effectiveDifference(current, rules, namespaces) }
}
