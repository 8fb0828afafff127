// Decides whether one set of rules allows everything that another one allows. A ceiling needs this, and the API server
// does the same when it refuses a Role with more permissions than its author holds.
import type { Rule } from '#lib/core/access/rule'

// A set of owner rules is a bit mask: bit n is the owner rule n. A rule is a box in four dimensions (group, resource, verb,
// name). A single permission is covered when one owner rule matches it in all four, which means that the masks of its four
// values have a bit in common. Values with the same mask behave alike, so the walk goes by classes of values and never
// splits the box into single permissions: a rule of 64 × 64 × 64 × 64 has 16 million of them.
type Mask = bigint

/** A value of one dimension. null means "no object name", which only rules without names match. */
type Value = string | null

/** The part of a box that was found from one dimension on: `values` combine with everything in `rest`. */
type Left = { values: Value[]; rest: Left[] }

type Index = {
  groups: Map<string, Mask>
  resources: Map<string, Mask>
  verbs: Map<string, Mask>
  names: Map<string, Mask>
  /** Owner rules without object names, which match every name. */
  unnamed: Mask
}

function addTo(masks: Map<string, Mask>, values: readonly string[], bit: Mask) {
  for (const value of values) masks.set(value, (masks.get(value) ?? 0n) | bit)
}

function indexOf(owner: readonly Rule[]): Index {
  const index: Index = { groups: new Map(), resources: new Map(), verbs: new Map(), names: new Map(), unnamed: 0n }
  owner.forEach((rule, n) => {
    const bit = 1n << BigInt(n)
    addTo(index.groups, rule.apiGroups, bit)
    addTo(index.resources, rule.resources, bit)
    addTo(index.verbs, rule.verbs, bit)
    if (rule.resourceNames?.length) addTo(index.names, rule.resourceNames, bit)
    else index.unnamed |= bit
  })
  return index
}

const exactOrAny = (masks: Map<string, Mask>, value: string): Mask => (masks.get(value) ?? 0n) | (masks.get('*') ?? 0n)

// `a/b` is matched by `*`, `a/b` and `*/b`, split at the first slash.
function resourceMask(index: Index, resource: string): Mask {
  const mask = exactOrAny(index.resources, resource)
  const slash = resource.indexOf('/')
  return slash < 0 ? mask : mask | (index.resources.get(`*${resource.slice(slash)}`) ?? 0n)
}

const nameMask = (index: Index, name: Value): Mask =>
  name === null ? index.unnamed : (index.names.get(name) ?? 0n) | index.unnamed

/** Computes each mask once, because rules repeat each other's values. */
function remember<V extends Value>(maskOf: (value: V) => Mask): (value: V) => Mask {
  const known = new Map<V, Mask>()
  return (value) => {
    const mask = known.get(value) ?? maskOf(value)
    known.set(value, mask)
    return mask
  }
}

type Masks = { [dimension in 'group' | 'resource' | 'verb']: (value: string) => Mask } & { name(value: Value): Mask }

function masksOf(owner: readonly Rule[]): Masks {
  const index = indexOf(owner)
  return {
    group: remember((group) => exactOrAny(index.groups, group)),
    resource: remember((resource) => resourceMask(index, resource)),
    verb: remember((verb) => exactOrAny(index.verbs, verb)),
    name: remember((name) => nameMask(index, name)),
  }
}

/** The values of one dimension, grouped by the owner rules that match them. */
function classesOf<V extends Value>(values: readonly V[], maskOf: (value: V) => Mask): Map<Mask, Value[]> {
  const classes = new Map<Mask, Value[]>()
  for (const value of new Set(values)) {
    const mask = maskOf(value)
    const known = classes.get(mask)
    if (known) known.push(value)
    else classes.set(mask, [value])
  }
  return classes
}

const union = (classes: Map<Mask, Value[]>) => [...classes.keys()].reduce((all, mask) => all | mask, 0n)
const common = (classes: Map<Mask, Value[]>) => [...classes.keys()].reduce((all, mask) => all & mask)

/** The end of a path: a permission that the walk was looking for. */
const found: Left[] = [{ values: [], rest: [] }]

type Walk = {
  dimensions: Map<Mask, Value[]>[]
  /** For each depth, the owner rules that match everything from that depth on. */
  commonFrom: Mask[]
  known: Map<Mask, Left[]>[]
  /** Whether to find the permissions that an owner rule covers, or those that none does. */
  covered: boolean
}

/**
 * Finds the parts from dimension `depth` on, where `owners` match everything before. Equal calls return the same array,
 * which keeps the walk small and lets values with the same continuation be combined.
 */
function find(walk: Walk, owners: Mask, depth: number): Left[] {
  const dimension = walk.dimensions[depth]
  const cache = walk.known[depth]
  if (!dimension || !cache) return (owners !== 0n) === walk.covered ? found : []
  // No owner rule covers the rest, or one covers all of it: then there is nothing of the other kind.
  if (walk.covered ? owners === 0n : owners & (walk.commonFrom[depth] ?? 0n)) return []
  const cached = cache.get(owners)
  if (cached) return cached
  const byRest = new Map<Left[], Value[]>()
  for (const [mask, values] of dimension) {
    const rest = find(walk, owners & mask, depth + 1)
    if (rest.length === 0) continue
    const together = byRest.get(rest)
    if (together) together.push(...values)
    else byRest.set(rest, [...values])
  }
  const left = [...byRest].map(([rest, values]) => ({ values, rest }))
  cache.set(owners, left)
  return left
}

function asRules(groups: Left[]): Rule[] {
  const text = (values: Value[]) => values.filter((value) => value !== null)
  return groups.flatMap((group) =>
    group.rest.flatMap((resource) =>
      resource.rest.flatMap((verb) =>
        verb.rest.map((name) => ({
          apiGroups: text(group.values),
          resources: text(resource.values),
          verbs: text(verb.values),
          ...(name.values[0] === null ? {} : { resourceNames: text(name.values) }),
        })),
      ),
    ),
  )
}

/** The part of one rule that an owner rule covers, or the part that none does. */
function partOf(masks: Masks, rule: Rule, covered: boolean): Rule[] {
  const names: Value[] = rule.resourceNames?.length ? rule.resourceNames : [null]
  const dimensions = [
    classesOf(rule.apiGroups, masks.group),
    classesOf(rule.resources, masks.resource),
    classesOf(rule.verbs, masks.verb),
    classesOf(names, masks.name),
  ]
  // A rule without a group, resource or verb allows nothing.
  if (dimensions.some((dimension) => dimension.size === 0)) return []
  const owners = dimensions.map(union).reduce((all, mask) => all & mask)
  if (owners === 0n) return covered ? [] : [rule]
  const commons = dimensions.map(common)
  const commonFrom = commons.map((_, depth) => commons.slice(depth).reduce((all, mask) => all & mask))
  // The common case: one owner rule matches all of it.
  if (owners & (commonFrom[0] ?? 0n)) return covered ? [rule] : []
  const known = dimensions.map(() => new Map<Mask, Left[]>())
  return asRules(find({ dimensions, commonFrom, known, covered }, owners, 0))
}

/**
 * Do the owner's rules allow everything that the requested rules allow? `uncovered` is the part that they do not. Each
 * single (group, resource, verb, name) must be covered by one owner rule, as in `Covers` of
 * k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go: a list of all verbs does not cover `*`, and an owner
 * rule with names does not cover a rule without names.
 */
export function covers(owner: readonly Rule[], requested: readonly Rule[]): { covered: boolean; uncovered: Rule[] } {
  const masks = masksOf(owner)
  const uncovered = requested.flatMap((rule) => partOf(masks, rule, false))
  return { covered: uncovered.length === 0, uncovered }
}

/** The other part: the requested permissions that the owner's rules do allow. */
export function heldOf(owner: readonly Rule[], requested: readonly Rule[]): Rule[] {
  const masks = masksOf(owner)
  return requested.flatMap((rule) => partOf(masks, rule, true))
}
