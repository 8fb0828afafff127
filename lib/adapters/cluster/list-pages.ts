import { hash } from 'node:crypto'
import { z } from 'zod'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { parseJson } from './parse-json.ts'

/** One page of a list, as it came: making typed objects of thousands takes several times what reading them takes. */
export type Page = {
  /** The same as long as its items are, to the byte. Asking for this takes a tenth of reading them. */
  digest(): string
  /** @throws ClusterError */
  items(): object[]
}

const isObject = (item: unknown) => typeof item === 'object' && item !== null
const head = z.object({ metadata: z.object({ continue: z.string().optional() }).optional() })
// One question about all items: asked of each by itself, it is asked tens of thousands of times a sweep.
const body = z.object({ items: z.custom<object[]>((items) => Array.isArray(items) && items.every(isObject)) })

function read<T>(shape: z.ZodType<T>, text: string): T {
  const { success, data } = shape.safeParse(parseJson(text))
  if (!success) throw new ClusterError('transient', 'The cluster’s answer is not a list.')
  return data
}

/**
 * The text before the items and that of the items: API servers write a list's own metadata, which changes all the time,
 * first. Where it is not there, the whole text is both.
 */
function split(text: string): { head: string; items: string } {
  const at = text.indexOf('"items":[')
  const before = text.slice(0, Math.max(at, 0))
  if (!before.includes('"metadata":')) return { head: text, items: text }
  return { head: `${before}"items":[]}`, items: `{${text.slice(at)}` }
}

/**
 * A list of the cluster, page by page. All pages show the moment of the first.
 * @param path of the list, such as `/api/v1/namespaces`
 * @throws ClusterError
 */
export async function* listPages(
  client: ClusterClient,
  path: string,
  query: { limit: number; labelSelector?: string },
): AsyncGenerator<Page> {
  const { limit, ...rest } = query
  let next = ''
  do {
    const search = new URLSearchParams({ limit: `${limit}`, ...rest, ...(next ? { continue: next } : {}) })
    const page = split(await client.get(`${path}?${search}`))
    next = read(head, page.head).metadata?.continue ?? ''
    yield { digest: () => hash('sha256', page.items, 'base64url'), items: () => read(body, page.items).items }
  } while (next)
}
