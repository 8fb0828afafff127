// Which clusters may the manifests go to?
import { nearest } from '#lib/core/access/nearest'
import { UnusableFile } from '../unusable-file.ts'

export type Cluster = { name: string; labels: Readonly<Record<string, string>> }

/**
 * The named clusters of the policy; all of them where none is named, so that nothing passes because nobody said where it
 * goes. With labels of one's own, a cluster need not be in the policy.
 * @throws UnusableFile where a name is not in the policy
 */
export function clustersMeant(
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
    const close = nearest(name, all)
    throw new UnusableFile(
      `The policy knows no cluster ${name}${close ? `; did you mean ${close}?` : `: it has ${all.slice(0, 10).join(', ')}.`}`,
    )
  })
}
