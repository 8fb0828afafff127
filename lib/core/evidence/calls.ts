// The calls in an evidence pack: what API servers reported of each grant. They are not leaves of the log, so no signature covers them.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { callResource } from '#lib/core/access/activity-resource'
import { documentText } from './pack.ts'

/** At most this many calls of one grant are in a pack, so that one grant can't push out the calls of another. */
export const mostCallsOfGrant = 10_000
export const mostCalls = 100_000
/** Rows of a table in the report. */
const mostRows = 100

const packCall = callResource.omit({
  id: true,
  cluster: true,
  grantId: true,
  requestId: true,
  isByPostern: true,
  body: true,
})
export type PackCall = z.infer<typeof packCall>

/** Begins the calls of a grant. The figures are those of all its calls, which may be more than follow. */
const packGrant = z.strictObject({
  id: z.string(),
  cluster: z.string(),
  /** Null if the cluster has never reported a call. */
  feed: z.strictObject({ firstAt: z.string(), newestAt: z.string(), removedBefore: z.string().optional() }).nullable(),
  count: z.int().min(0),
  refused: z.int().min(0),
  secrets: z.int().min(0),
})
export type PackGrant = z.infer<typeof packGrant>

const callLine = z.union([z.strictObject({ grant: packGrant }), z.strictObject({ call: packCall })])
export type CallLine = z.infer<typeof callLine>

export const callLineText = (line: CallLine): string => documentText(line)

/** A line of `calls.jsonl`; null unless it is written exactly as a pack writes it. */
export function parseCallLine(text: string): CallLine | null {
  try {
    const { data } = callLine.safeParse(JSON.parse(text))
    return data && callLineText(data) === text ? data : null
  } catch {
    return null
  }
}

type Counted = { count: number; firstAt: string; lastAt: string }
export type CallGroup = Counted &
  Pick<PackCall, 'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'path' | 'code'>
export type SecretGroup = Counted & Pick<PackCall, 'verb' | 'namespace' | 'name'>

export type CallFacts = PackGrant & {
  /** How many of its calls are in the pack. */
  kept: number
  groups: CallGroup[]
  /** Calls that are in none of the groups, because there are too many groups. */
  ungrouped: number
  secretGroups: SecretGroup[]
  ungroupedSecrets: number
}

export type PackCalls = { grants: ReadonlyMap<string, CallFacts>; kept: number; sha256: string }

const isRefused = ({ code }: PackCall) => code === 401 || code === 403
/** As *What was done with it* counts them. */
const isOfSecret = ({ kind, code }: PackCall) => kind === 'secret' && code !== null && code < 300

/** The figures of calls. */
export const figuresOf = (calls: readonly PackCall[]) => ({
  count: calls.length,
  refused: calls.filter(isRefused).length,
  secrets: calls.filter(isOfSecret).length,
})

/** Counts a call in its group. False if it has none and there are too many already. */
function counted<T extends object>(groups: Map<string, T & Counted>, key: T, { at }: PackCall): boolean {
  const name = documentText(key)
  const known = groups.get(name)
  if (known) {
    known.count += 1
    if (at < known.firstAt) known.firstAt = at
    if (at > known.lastAt) known.lastAt = at
    return true
  }
  if (groups.size >= mostRows) return false
  groups.set(name, { ...key, count: 1, firstAt: at, lastAt: at })
  return true
}

type Folding = CallFacts & {
  byCall: Map<string, CallGroup>
  bySecret: Map<string, SecretGroup>
  figures: { refused: number; secrets: number }
}

function addCall(into: Folding, call: PackCall): void {
  const { verb, group, resource, subresource, namespace, name, path, code } = call
  into.kept += 1
  if (isRefused(call)) into.figures.refused += 1
  if (!counted(into.byCall, { verb, group, resource, subresource, namespace, path, code }, call)) into.ungrouped += 1
  if (!isOfSecret(call)) return
  into.figures.secrets += 1
  if (!counted(into.bySecret, { verb, namespace, name }, call)) into.ungroupedSecrets += 1
}

const byCount = <T extends Counted>(groups: Map<string, T>): T[] =>
  [...groups.values()].sort((a, b) => b.count - a.count)

/** Without the maps. A call that arrived while the pack was written is in it, but not in the figures before it. */
function factsOf({ byCall, bySecret, figures, ...facts }: Folding): CallFacts {
  return {
    ...facts,
    count: Math.max(facts.count, facts.kept),
    refused: Math.max(facts.refused, figures.refused),
    secrets: Math.max(facts.secrets, figures.secrets),
    groups: byCount(byCall),
    secretGroups: byCount(bySecret),
  }
}

/** Keeps a bounded number of groups of each grant, and no call. */
export function foldCalls() {
  const grants = new Map<string, CallFacts>()
  const hash = createHash('sha256')
  let current: Folding | null = null
  let kept = 0
  const close = () => {
    if (current) grants.set(current.id, factsOf(current))
    current = null
  }
  return {
    /** The next line, and its text without the end. False for a grant that was there already, or a call of none. */
    add(line: CallLine, text: string): boolean {
      hash.update(`${text}\n`)
      if ('call' in line) {
        if (!current) return false
        addCall(current, line.call)
        kept += 1
        return true
      }
      close()
      if (grants.has(line.grant.id)) return false
      const [byCall, bySecret] = [new Map(), new Map()]
      const none = { kept: 0, ungrouped: 0, ungroupedSecrets: 0, groups: [], secretGroups: [] }
      current = { ...line.grant, ...none, byCall, bySecret, figures: { refused: 0, secrets: 0 } }
      return true
    },
    /** After the last line. */
    end(): PackCalls {
      close()
      return { grants, kept, sha256: hash.digest('hex') }
    },
  }
}
