// Which risks do the rules of a role in a manifest have, and where in the manifest are they?
import { isSystemNamespace } from '#lib/core/access/namespaces'
import { normalizeRule, normalizeRules, type Rule } from '#lib/core/access/rule'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { type NeverAllowed, neverAllowed, whyNeverAllowed } from '#lib/core/rbac/nameless-verbs'
import { assessRisk, type Finding as Risk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import type { Judged } from './finding.ts'
import type { PlacedRole, PlacedRule } from './rbac-objects.ts'
import type { Place, Range, Source } from './source.ts'
import type { Text } from './yaml-nodes.ts'

/** A rule for resources; null for one for paths such as /metrics. */
export function ruleOf(placed: PlacedRule): Rule | null {
  const values = (texts: readonly Text[]) => texts.map(({ value }) => value)
  if (placed.resources.length === 0) return null
  const resourceNames = values(placed.resourceNames)
  return {
    apiGroups: values(placed.apiGroups),
    resources: values(placed.resources),
    verbs: values(placed.verbs),
    ...(resourceNames.length ? { resourceNames } : {}),
  }
}

/** A rule for paths, which a RoleBinding cannot grant; null for one for resources. */
export function pathRuleOf({ verbs, nonResourceURLs }: PlacedRule): PathRule | null {
  const values = (texts: readonly Text[]) => texts.map(({ value }) => value)
  return nonResourceURLs.length > 0 ? { verbs: values(verbs), nonResourceURLs: values(nonResourceURLs) } : null
}

/** `privileged` where the cluster itself depends on the namespace; a manifest may not name one. */
export const namespaceKindOf = (namespace: string | null): 'privileged' | 'ordinary' =>
  namespace !== null && isSystemNamespace(namespace) ? 'privileged' : 'ordinary'

const maxRulesShown = 3

/** The verb and the resource or path in a rule that grant a permission such as `create pods/exec`, if it does. */
function rangesOf({ verbs, resources, nonResourceURLs }: PlacedRule, permission: string): [Range, Range] | undefined {
  const [verb = '', resource = ''] = permission.split(' ')
  const slash = resource.indexOf('/')
  const patterns = slash < 0 ? [] : [`*${resource.slice(slash)}`, `${resource.slice(0, slash)}/*`]
  const find = (texts: readonly Text[], values: readonly string[]) =>
    values.flatMap((value) => texts.find((text) => text.value === value) ?? [])[0]
  const [verbText, resourceText] = [
    find(verbs, [verb, '*']),
    find(nonResourceURLs, [resource]) ?? find(resources, [resource, ...patterns, '*']),
  ]
  return verbText && resourceText && [verbText.range, resourceText.range]
}

/** For each rule, the places that grant the permissions, or else the whole rule. */
export function placesOf(rules: readonly PlacedRule[], because: readonly string[], source: Source): Place[] {
  const ranges = rules.slice(0, maxRulesShown).flatMap((rule): Range[] => {
    const found = because.flatMap((permission) => rangesOf(rule, permission) ?? [])
    return found.length > 0 ? found.slice(0, 2) : [rule.range]
  })
  // In a text whose lines are unknown, all are the same.
  const distinct = new Map(ranges.map((range) => [range.join(), range]))
  return [...distinct.values()].map((range) => source.placeOf(range))
}

export const judgedOf = (risk: Risk, all: readonly Risk[], places: Place[], fallback: Place): Judged => ({
  id: risk.id,
  severity: risk.severity,
  sentence: risk.sentence,
  because: risk.because,
  outlives: risk.outlives,
  includes: all.filter(({ partOf }) => partOf.includes(risk.id)).map(({ id }) => id),
  places: [places[0] ?? fallback, ...places.slice(1)],
  substance: risk.paths.length > 0 ? risk.paths : normalizeRules(risk.rules),
})

/** The verbs or the name in a rule that the API server never allows, and what to write instead. */
function judgeNeverAllowed(rule: Rule, placed: PlacedRule, source: Source): Judged[] {
  const placeOf = (what: NeverAllowed) => {
    const texts = what === '*' ? placed.resourceNames : placed.verbs
    return source.placeOf(texts.find(({ value }) => value === what)?.range ?? placed.range)
  }
  return neverAllowed(rule).map((what) => ({
    ...{ id: 'never-allowed', severity: 'medium' as const, sentence: whyNeverAllowed[what] },
    ...{ because: [], outlives: null, includes: [], places: [placeOf(what)] as [Place] },
    substance: [what, normalizeRule(rule)],
  }))
}

/**
 * The risks of a role. A ClusterRole is judged as if it were bound in the whole cluster, because this manifest does not
 * decide where it is bound.
 */
export function judgeRole(
  role: PlacedRole,
  namespace: string | null,
  source: Source,
  configuredRisks: readonly ExtensionRisk[],
): { judged: Judged[]; risks: Risk[] } {
  const placed = new Map<Rule, PlacedRule>()
  const paths = new Map<PathRule, PlacedRule>()
  for (const placedRule of role.rules) {
    const [rule, pathRule] = [ruleOf(placedRule), pathRuleOf(placedRule)]
    if (rule) placed.set(rule, placedRule)
    if (pathRule) paths.set(pathRule, placedRule)
  }
  const { findings } = assessRisk([...placed.keys()], {
    configuredRisks,
    paths: [...paths.keys()],
    scope: role.kind === 'Role' ? 'namespace' : 'cluster',
    namespaceKind: namespaceKindOf(namespace),
  })
  const judged = findings
    .filter(({ partOf }) => partOf.length === 0)
    .map((risk) => {
      const rules = [
        ...risk.rules.flatMap((rule) => placed.get(rule) ?? []),
        ...risk.paths.flatMap((rule) => paths.get(rule) ?? []),
      ]
      return judgedOf(risk, findings, placesOf(rules, risk.because, source), source.placeOf(role.at))
    })
  const ineffective = [...placed].flatMap(([rule, placedRule]) => judgeNeverAllowed(rule, placedRule, source))
  return { judged: [...judged, ...ineffective], risks: findings }
}
