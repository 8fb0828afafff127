import { ClusterError } from './errors.ts'

/** @throws ClusterError where an answer of a cluster is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ClusterError('transient', 'The cluster’s answer is not JSON.')
  }
}
