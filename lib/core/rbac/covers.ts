// Is everything that these rules allow allowed by those? The question behind a ceiling, and behind the API server's
// own refusal to let anyone write a Role with more than they hold.
import type { Rule } from '#lib/core/access/rule'

// Sets of owner rules are bit masks: bit n stands for the owner rule n. A rule is a box in four dimensions (group,
// resource, verb, name); an atom of what is asked is covered when one owner rule matches it in all four, that is,
// when the masks of its four values have a bit in common. Values with the same mask behave the same, so the box is
// walked by classes of values and never broken into its atoms: a rule of 64 × 64 × 64 × 64 has 16 million of them.
type Mask = bigint

/** A value of one dimension; null stands for "no object named", which only rules without names match. */
type Value = string | null

/** What was found of a box from one dimension on: `values` go with everything in `rest`. */
type Left = { values: Value[]; rest: Left[] }

type Index = {
  groups: Map<string, Mask>
  resources: Map<string, Mask>
  verbs: Map<string, Mask>
  names: Map<string, Mask>
  /** Owner rules that name no object, and so match every one. */
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

// Owners of `a/b` are those of `*`, of `a/b` and of `*/b`, split at the first slash.
function resourceMask(index: Index, resource: string): Mask {
  const mask = exactOrAny(index.resources, resource)
  const slash = resource.indexOf('/')
  return slash < 0 ? mask : mask | (index.resources.get(`*${resource.slice(slash)}`) ?? 0n)
}

const nameMask = (index: Index, name: Value): Mask =>
  name === null ? index.unnamed : (index.names.get(name) ?? 0n) | index.unnamed

/** Rules repeat each other's values: each mask is put together once. */
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

/** The values of one dimension by the owner rules that match them. */
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

/** The end of a path: one thing that is asked for, and that the walk was to find. */
const found: Left[] = [{ values: [], rest: [] }]

type Walk = {
  dimensions: Map<Mask, Value[]>[]
  /** For each depth, the owner rules that match everything from there on. */
  commonFrom: Mask[]
  known: Map<Mask, Left[]>[]
  /** What to find: what some owner rule covers, or what none does. */
  covered: boolean
}

/**
 * What is to be found from dimension `depth` on, where `owners` match everything before. Equal questions share one
 * answer (the very same array), which keeps the walk small and lets values that lead to the same be put together.
 */
function find(walk: Walk, owners: Mask, depth: number): Left[] {
  const dimension = walk.dimensions[depth]
  const cache = walk.known[depth]
  if (!dimension || !cache) return (owners !== 0n) === walk.covered ? found : []
  // Nobody covers what remains, or one owner rule covers all of it: then there is nothing of the other kind.
  if (walk.covered ? owners === 0n : owners & (walk.commonFrom[depth] ?? 0n)) return []
  const answered = cache.get(owners)
  if (answered) return answered
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

/** Of one asked rule, what some owner rule covers, or what none does. */
function partOf(masks: Masks, rule: Rule, covered: boolean): Rule[] {
  const names: Value[] = rule.resourceNames?.length ? rule.resourceNames : [null]
  const dimensions = [
    classesOf(rule.apiGroups, masks.group),
    classesOf(rule.resources, masks.resource),
    classesOf(rule.verbs, masks.verb),
    classesOf(names, masks.name),
  ]
  // A rule without a group, resource or verb asks for nothing.
  if (dimensions.some((dimension) => dimension.size === 0)) return []
  const owners = dimensions.map(union).reduce((all, mask) => all & mask)
  if (owners === 0n) return covered ? [] : [rule]
  const commons = dimensions.map(common)
  const commonFrom = commons.map((_, depth) => commons.slice(depth).reduce((all, mask) => all & mask))
  // One owner rule matches all of it, which is the common case.
  if (owners & (commonFrom[0] ?? 0n)) return covered ? [rule] : []
  const known = dimensions.map(() => new Map<Mask, Left[]>())
  return asRules(find({ dimensions, commonFrom, known, covered }, owners, 0))
}

/**
 * Do the owner's rules allow everything that the asked rules allow? `uncovered` is what they do not, in as few rules
 * as the walk finds. Each single (group, resource, verb, name) must be covered by one owner rule, as in `Covers` of
 * k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go: naming every verb does not cover `*`, and an
 * owner rule with names covers nothing that is asked without.
 */
export function covers(owner: readonly Rule[], asked: readonly Rule[]): { covered: boolean; uncovered: Rule[] } {
  const masks = masksOf(owner)
  const uncovered = asked.flatMap((rule) => partOf(masks, rule, false))
  return { covered: uncovered.length === 0, uncovered }
}

/** The other part: what of the asked rules the owner's rules allow. */
export function heldOf(owner: readonly Rule[], asked: readonly Rule[]): Rule[] {
  const masks = masksOf(owner)
  return asked.flatMap((rule) => partOf(masks, rule, true))
}
