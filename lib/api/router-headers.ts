import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'

// The headers with which Next.js's router in the browser asks for the data of a page. Next.js logs a stack trace for any that
// it cannot read, and answers 500, also to strangers.

/** A directory of `app/`, or the value of `[requestId]`, the only kind of parameter that a page has. */
const segment = z.union([z.string(), z.tuple([z.string(), z.string(), z.literal('d'), z.array(z.string()).nullable()])])

/** The page that the browser shows, as a tree of segments by slot. */
type Tree = [unknown, Record<string, Tree>, ...unknown[]]
const tree: z.ZodType<Tree> = z.tuple([
  segment,
  z.record(
    z.string(),
    z.lazy(() => tree),
  ),
  z.tuple([z.string(), z.string()]).nullable().optional(),
  z.enum(['refetch', 'inside-shared-layout', 'metadata-only']).nullable().optional(),
  z.number().nullable().optional(),
  z.string().optional(),
])

/** A page has four levels. Next.js takes a third of a second to reject a thousand. */
const deepest = 20

const isShallow = (value: unknown, depth = 0): boolean =>
  depth < deepest &&
  Array.isArray(value) &&
  Object.values(Object(value[1])).every((inner) => isShallow(inner, depth + 1))

function isTree(header: string): boolean {
  try {
    const value: unknown = JSON.parse(decodeURIComponent(header))
    return isShallow(value) && tree.safeParse(value).success
  } catch {
    return false
  }
}

/** Could Next.js's router have sent these headers? */
export function areRouterHeaders({ 'next-router-prefetch': kind, ...headers }: IncomingHttpHeaders): boolean {
  // The other kind is for pages that are partly rendered at build time. Postern has none.
  if (kind !== undefined && kind !== '1') return false
  const state = headers['next-router-state-tree']
  return state === undefined || isTree(String(state))
}
