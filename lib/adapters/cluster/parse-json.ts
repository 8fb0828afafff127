import { ClusterError } from './errors.ts'

/** @throws ClusterError if a cluster's response is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ClusterError('transient', 'The cluster’s response is not JSON.')
  }
}
