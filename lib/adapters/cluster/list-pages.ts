import { hash } from 'node:crypto'
import { z } from 'zod'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { parseJson } from './parse-json.ts'

/**
 * One unparsed page of a list. Turning thousands of items into typed objects takes several times as long as reading
 * them.
 */
export type Page = {
  /** A hash of the items' bytes. Computing it takes a tenth of the time that parsing them takes. */
  digest(): string
  /** @throws ClusterError */
  items(): object[]
}

const isObject = (item: unknown) => typeof item === 'object' && item !== null
const head = z.object({ metadata: z.object({ continue: z.string().optional() }).optional() })
// One check for all items, because a separate schema check per item would run tens of thousands of times per sweep.
const body = z.object({ items: z.custom<object[]>((items) => Array.isArray(items) && items.every(isObject)) })

function read<T>(shape: z.ZodType<T>, text: string): T {
  const { success, data } = shape.safeParse(parseJson(text))
  if (!success) throw new ClusterError('transient', 'The cluster’s response is not a list.')
  return data
}

/**
 * Splits a page into the text before its items and the text of the items. API servers write a list's own metadata,
 * which changes all the time, first. Where they don't, both parts are the whole text.
 */
function split(text: string): { head: string; items: string } {
  const at = text.indexOf('"items":[')
  const before = text.slice(0, Math.max(at, 0))
  if (!before.includes('"metadata":')) return { head: text, items: text }
  return { head: `${before}"items":[]}`, items: `{${text.slice(at)}` }
}

/**
 * Reads a list page by page. All pages show the state at the time of the first.
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
