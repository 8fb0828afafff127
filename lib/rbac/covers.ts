// Is everything that these rules allow allowed by those? The question behind a ceiling, and behind the API server's
// own refusal to let anyone write a Role with more than they hold.
import type { Rule } from '#lib/access/rule'

// Sets of owner rules are bit masks: bit n stands for the owner rule n. A rule is a box in four dimensions (group,
// resource, verb, name); an atom of what is asked is covered when one owner rule matches it in all four, that is,
// when the masks of its four values have a bit in common. Values with the same mask behave the same, so the box is
// walked by classes of values and never broken into its atoms: a rule of 64 × 64 × 64 × 64 has 16 million of them.
type Mask = bigint

/** A value of one dimension; null stands for "no object named", which only rules without names match. */
type Value = string | null

/** What is left of a box from one dimension on: `values` go with everything in `rest`. */
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

/**
 * What no owner rule in `owners` covers, from dimension `depth` on. Equal questions share one answer (the very same
 * array), which keeps the walk small and lets the caller put values together that miss the same.
 */
function leftOver(
  dimensions: Map<Mask, Value[]>[],
  commonFrom: Mask[],
  owners: Mask,
  depth: number,
  known: Map<Mask, Left[]>[],
): Left[] {
  const dimension = dimensions[depth]
  const cache = known[depth]
  if (!dimension || !cache) return owners ? [] : nothingLeftToAsk
  // One owner rule matches all that remains.
  if (owners & (commonFrom[depth] ?? 0n)) return []
  const answered = cache.get(owners)
  if (answered) return answered
  const byRest = new Map<Left[], Value[]>()
  for (const [mask, values] of dimension) {
    const rest = leftOver(dimensions, commonFrom, owners & mask, depth + 1, known)
    if (rest.length === 0) continue
    const together = byRest.get(rest)
    if (together) together.push(...values)
    else byRest.set(rest, [...values])
  }
  const left = [...byRest].map(([rest, values]) => ({ values, rest }))
  cache.set(owners, left)
  return left
}

/** The end of a path on which no owner rule is left: one thing that is not covered. */
const nothingLeftToAsk: Left[] = [{ values: [], rest: [] }]

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

function uncoveredOf(index: Index, rule: Rule): Rule[] {
  const names: Value[] = rule.resourceNames?.length ? rule.resourceNames : [null]
  const dimensions = [
    classesOf(rule.apiGroups, (group) => exactOrAny(index.groups, group)),
    classesOf(rule.resources, (resource) => resourceMask(index, resource)),
    classesOf(rule.verbs, (verb) => exactOrAny(index.verbs, verb)),
    classesOf(names, (name) => nameMask(index, name)),
  ]
  // A rule without a group, resource or verb asks for nothing.
  if (dimensions.some((dimension) => dimension.size === 0)) return []
  const owners = dimensions.map(union).reduce((all, mask) => all & mask)
  if (owners === 0n) return [rule]
  const commonFrom = dimensions.map((_, depth) =>
    dimensions
      .slice(depth)
      .map(common)
      .reduce((all, mask) => all & mask),
  )
  const known = dimensions.map(() => new Map<Mask, Left[]>())
  return asRules(leftOver(dimensions, commonFrom, owners, 0, known))
}

/**
 * Do the owner's rules allow everything that the asked rules allow? `uncovered` is what they do not, in as few rules
 * as the walk finds. Each single (group, resource, verb, name) must be covered by one owner rule, as in `Covers` of
 * k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go: naming every verb does not cover `*`, and an
 * owner rule with names covers nothing that is asked without.
 */
export function covers(owner: readonly Rule[], asked: readonly Rule[]): { covered: boolean; uncovered: Rule[] } {
  const index = indexOf(owner)
  const uncovered = asked.flatMap((rule) => uncoveredOf(index, rule))
  return { covered: uncovered.length === 0, uncovered }
}
