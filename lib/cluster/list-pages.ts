import { z } from 'zod'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'

const isObject = (item: unknown) => typeof item === 'object' && item !== null
const page = z.object({
  metadata: z.object({ continue: z.string().optional() }).optional(),
  // One question about all of them: asked of each by itself, it is asked tens of thousands of times a sweep.
  items: z.custom<object[]>((items) => Array.isArray(items) && items.every(isObject)),
})

/**
 * A list of the cluster, page by page, as it came: making typed objects of thousands takes several times what reading
 * them takes. All pages show the moment of the first.
 * @param path of the list, such as `/api/v1/namespaces`
 * @throws ClusterError
 */
export async function* listPages(
  client: ClusterClient,
  path: string,
  query: { limit: number; labelSelector?: string },
): AsyncGenerator<object[]> {
  const { limit, ...rest } = query
  let next = ''
  do {
    const search = new URLSearchParams({ limit: `${limit}`, ...rest, ...(next ? { continue: next } : {}) })
    const { success, data } = page.safeParse(await client.get(`${path}?${search}`))
    if (!success) throw new ClusterError('transient', 'The cluster’s answer is not a list.')
    yield data.items
    next = data.metadata?.continue ?? ''
  } while (next)
}
