// The clusters that manifests are checked for.
import { nearest } from '#lib/core/access/nearest'
import { UsageError } from '../usage-error.ts'

export type Cluster = { name: string; labels: Readonly<Record<string, string>> }

/**
 * The named clusters of the policy, or all of them, so that a check without `--cluster` does not miss one. With labels
 * from the command line, a cluster does not have to be in the policy.
 * @throws UsageError if the policy has no cluster of that name
 */
export function targetClusters(
  known: readonly Cluster[],
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): Cluster[] {
  if (Object.keys(labels).length > 0) return (names.length ? names : ['this']).map((name) => ({ name, labels }))
  if (names.length === 0) return [...known]
  return names.map((name) => {
    const cluster = known.find((candidate) => candidate.name === name)
    if (cluster) return cluster
    const all = known.map((candidate) => candidate.name)
    const meant = nearest(name, all)
    const hint = meant ? `Did you mean ${meant}?` : `Its clusters are ${all.slice(0, 10).join(', ')}.`
    throw new UsageError(`The policy has no cluster ${name}. ${hint}`)
  })
}
