// Reads what guardrails need to know of the pods of a namespace. The responses are untrusted: only those fields are kept.
import { mostPodsPerNamespace, type PodFacts } from '#lib/core/access/pod-facts'
import { podFactsOf, podShape } from '#lib/core/guardrails/pod-facts'
import { log } from '#lib/observability/log'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { listPages } from './list-pages.ts'
import { withConcurrency } from './with-concurrency.ts'

/** The sum of all names and labels of a namespace, in characters. */
const mostText = 200_000

const isOver = (pod: unknown) =>
  ['Succeeded', 'Failed'].includes((pod as { status?: { phase?: string } }).status?.phase ?? '')

/** Null if there are too many, or if Postern may not read them. */
async function readNamespace(client: ClusterClient, namespace: string): Promise<PodFacts[] | null> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
  const found: PodFacts[] = []
  try {
    let read = 0
    for await (const page of listPages(client, path, { limit: mostPodsPerNamespace })) {
      const items = page.items()
      read += Math.max(1, items.length)
      if (read > mostPodsPerNamespace) return null
      for (const item of items) if (!isOver(item)) found.push(podFactsOf(podShape.parse(item)))
    }
  } catch (error) {
    if (error instanceof ClusterError && error.status === 403) return null
    throw error
  }
  return JSON.stringify(found).length > mostText ? null : found
}

/** The pods of each of these namespaces that could be read. What is missing is not known. */
export async function readPods(
  client: ClusterClient,
  namespaces: readonly string[],
): Promise<Record<string, PodFacts[]>> {
  const read = await withConcurrency(4, namespaces, async (namespace) => {
    try {
      const pods = await readNamespace(client, namespace)
      return pods ? [[namespace, pods] as const] : []
    } catch (error) {
      // Guardrails that need them deny then; nothing else depends on them.
      log.warn({ namespace, err: error }, 'the pods of a namespace cannot be read')
      return []
    }
  })
  return Object.fromEntries(read.flat())
}
