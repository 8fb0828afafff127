// Finds the rules that grant a permission of extensions.json, or one that postern.yaml adds.
import type { Rule } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import { isBuiltIn, knownResources } from '#lib/core/rbac/paste/known-resources'
import { moreSevere } from './entry.ts'
import { type ExtensionKind, type ExtensionRisk, extensionKinds } from './extension-kinds.ts'
import extensionRisks from './extensions.json' with { type: 'json' }
import { type Match, matchRule, type Serves } from './matches.ts'
import { groupsServing, servedIn } from './unknown-resources.ts'

/** A risk of the extensions that the rules have, with the highest severity of the permissions that lead to it. */
export type ExtensionMatches = { kind: ExtensionKind; severity: Severity; matches: Match[] }

type Catalogue = {
  all: readonly ExtensionRisk[]
  byGroup: ReadonlyMap<string, readonly ExtensionRisk[]>
  /** By `applications`, `clusters/proxy` and the pattern of the latter, which is the one of a proxy of anything. */
  byResource: ReadonlyMap<string, readonly ExtensionRisk[]>
  /** The resources of each group that an entry names. */
  named: ReadonlyMap<string, ReadonlySet<string>>
  /** The entries for groups such as `*.example.com`, and for any group of an extension. */
  ofPatterns: readonly ExtensionRisk[]
}

// `*/proxy` for `clusters/proxy`.
const patternOf = (resource: string) => resource.replace(/^[^/]*\//, '*/')

function catalogueOf(all: readonly ExtensionRisk[]): Catalogue {
  const byGroup = Map.groupBy(all, ({ group }) => group)
  const byResource = new Map<string, ExtensionRisk[]>()
  for (const entry of all) {
    for (const key of new Set(entry.resources.flatMap((resource) => [resource, patternOf(resource)]))) {
      byResource.set(key, [...(byResource.get(key) ?? []), entry])
    }
  }
  const named = [...byGroup].map(([group, of]) => [group, new Set(of.flatMap(({ resources }) => resources))] as const)
  const ofPatterns = all.filter(({ group }) => group.startsWith('*'))
  return { all, byGroup, byResource, named: new Map(named), ofPatterns }
}

export const shippedExtensionRisks = extensionRisks as readonly ExtensionRisk[]
const shipped = catalogueOf(shippedExtensionRisks)

// The risks of a policy are one list for as long as it is the current one.
const catalogues = new WeakMap<readonly ExtensionRisk[], Catalogue>()

function configured(risks: readonly ExtensionRisk[]): Catalogue {
  const known = catalogues.get(risks) ?? catalogueOf(risks)
  catalogues.set(risks, known)
  return known
}

const ofKubernetes = new Set(knownResources.filter(isBuiltIn).map(({ resource }) => resource))
const groupsOf = Map.groupBy(knownResources, ({ resource }) => resource)

const mainOf = (resource: string) => resource.split('/', 1)[0] ?? ''

/**
 * Which groups have a resource, where those of the cluster are not known: a name that Kubernetes itself has is that one, and
 * any other name is in every extension that is known to have it.
 */
function servesAsUsual({ named }: Catalogue): Serves {
  return (group, resource) => {
    const main = mainOf(resource)
    if (ofKubernetes.has(main)) return false
    return named.get(group)?.has(resource) || groupsOf.get(main)?.some((known) => known.group === group)
  }
}

const groupsOfKubernetes = new Set(['extensions', ...knownResources.filter(isBuiltIn).map(({ group }) => group)])

/**
 * Whether the resource is in one of the groups of Kubernetes that the rule names. It is hardly meant in the other groups
 * then: a rule often lists more groups than each of its resources has.
 */
const isOfKubernetes = ({ apiGroups }: Rule, resource: string) =>
  groupsOf.get(mainOf(resource))?.some((known) => isBuiltIn(known) && apiGroups.includes(known.group)) ?? false

/** The entry as one for this group, which has none of its own; undefined where its pattern is about other groups. */
function forGroup(entry: ExtensionRisk, group: string, rule: Rule): ExtensionRisk | undefined {
  if (!group.endsWith(entry.group.slice(1))) return undefined
  if (entry.group !== '*' || entry.resources.includes('*')) return { ...entry, group }
  // An entry for any group names resources that are dangerous wherever they exist. Few groups have them all.
  const resources = rule.resources.filter(
    (resource) =>
      [resource, patternOf(resource)].some((name) => entry.resources.includes(name)) && !isOfKubernetes(rule, resource),
  )
  return resources.length > 0 ? { ...entry, group, resources } : undefined
}

function entriesOfPatterns(catalogue: Catalogue, rule: Rule, known: ReadonlySet<string> | undefined): ExtensionRisk[] {
  const { byGroup, ofPatterns } = catalogue
  const named = rule.apiGroups.filter((group) => group !== '*')
  const served =
    known && rule.apiGroups.includes('*') ? rule.resources.flatMap((one) => [...groupsServing(known, one)]) : []
  const groups = new Set([...named, ...served]).difference(groupsOfKubernetes)
  return [...groups]
    .filter((group) => !shipped.byGroup.has(group) && !byGroup.has(group))
    .flatMap((group) => ofPatterns.flatMap((entry) => forGroup(entry, group, rule) ?? []))
}

/**
 * The entries that a rule can match. NB: a rule for every API group and 64 resources is not compared with every entry.
 * `*` among the resources of an entry counts in the groups that are known to have the resource of the rule.
 */
function entriesFor(
  { all, byGroup, byResource }: Catalogue,
  { apiGroups, resources }: Rule,
  known: ReadonlySet<string> | undefined,
): Iterable<ExtensionRisk> {
  const ofGroups = apiGroups.flatMap((group) => byGroup.get(group) ?? [])
  if (!apiGroups.includes('*')) return ofGroups
  if (resources.includes('*')) return all
  const ofResources = resources.flatMap((resource) => byResource.get(resource) ?? [])
  const groupsWith = (resource: string) =>
    known ? [...groupsServing(known, resource)] : (groupsOf.get(resource) ?? []).map(({ group }) => group)
  const ofGroupsWith = resources.flatMap(groupsWith).flatMap((group) => byGroup.get(group) ?? [])
  return new Set([...ofGroups, ...ofResources, ...ofGroupsWith])
}

// `*` stands for every resource that no entry of the group names, and `*/proxy` for the proxy of any resource.
function resourcesOf(entry: ExtensionRisk, rule: Rule, { named }: Catalogue): readonly string[] {
  const patterns = entry.resources.filter((resource) => resource.startsWith('*/'))
  if (patterns.length > 0) return rule.resources.filter((resource) => patterns.includes(patternOf(resource)))
  if (!entry.resources.includes('*')) return entry.resources
  const others = named.get(entry.group)
  const unnamed = rule.resources.filter(
    (resource) => !resource.includes('/') && !others?.has(resource) && !isOfKubernetes(rule, resource),
  )
  return [
    ...entry.resources.filter((resource) => resource !== '*'),
    ...unnamed,
    ...(rule.resources.includes('*') ? ['*'] : []),
  ]
}

type Context = {
  /** The risks that postern.yaml adds. */
  own: readonly ExtensionRisk[]
  /** The resources of the cluster, if they are known. */
  known: ReadonlySet<string> | undefined
  /** Whether the rules are bound in the whole cluster. */
  hasCluster: boolean
}

function matchesIn(catalogue: Catalogue, rule: Rule, all: readonly Rule[], { known, hasCluster }: Context) {
  const isAny = rule.verbs.includes('*')
  const serves = known ? servedIn(known) : servesAsUsual(catalogue)
  const entries = [...entriesFor(catalogue, rule, known), ...entriesOfPatterns(catalogue, rule, known)]
  return entries.flatMap((entry) => {
    if (entry.scope === 'cluster' && !hasCluster) return []
    if (!isAny && !entry.verbs.some((verb) => rule.verbs.includes(verb))) return []
    const ability = { verbs: entry.verbs, groups: [entry.group], resources: resourcesOf(entry, rule, catalogue) }
    const match = matchRule(ability, rule, all, serves)
    return match ? [{ entry, match: { ...match, how: `${match.how} (${entry.why})` } }] : []
  })
}

/** Every risk of extensions that the rules have. */
export function extensionMatchesOf(rules: readonly Rule[], context: Context): ExtensionMatches[] {
  const catalogues = context.own.length > 0 ? [shipped, configured(context.own)] : [shipped]
  const found = catalogues.flatMap((catalogue) => rules.flatMap((rule) => matchesIn(catalogue, rule, rules, context)))
  const byKind = Map.groupBy(found, ({ entry }) => entry.leadsTo)
  return extensionKinds.flatMap((kind: ExtensionKind) => {
    const matches = byKind.get(kind.id as ExtensionRisk['leadsTo']) ?? []
    if (matches.length === 0) return []
    const severity = matches.map(({ entry }) => entry.severity ?? kind.severity).reduce(moreSevere)
    return [{ kind, severity, matches: matches.map(({ match }) => match) }]
  })
}
