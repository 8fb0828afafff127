// What is dangerous about the rules of a role in a manifest, and which words of it say so?
import { isSystemNamespace } from '#lib/core/access/namespaces'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { assessRisk, type Finding as Risk } from '#lib/core/rbac/risk/assess'
import type { Judged } from './finding.ts'
import type { PlacedRole, PlacedRule } from './rbac-objects.ts'
import type { Place, Range, Source } from './source.ts'
import type { Text } from './yaml-nodes.ts'

/** A rule over resources; null for one over paths such as /metrics. */
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

/** A rule over paths, which no RoleBinding can give; null for one over resources. */
export function pathRuleOf({ verbs, nonResourceURLs }: PlacedRule): PathRule | null {
  const values = (texts: readonly Text[]) => texts.map(({ value }) => value)
  return nonResourceURLs.length > 0 ? { verbs: values(verbs), nonResourceURLs: values(nonResourceURLs) } : null
}

/** `privileged` where the cluster itself depends on the namespace; a manifest may not name one. */
export const namespaceKindOf = (namespace: string | null): 'privileged' | 'ordinary' =>
  namespace !== null && isSystemNamespace(namespace) ? 'privileged' : 'ordinary'

const maxRulesShown = 3

/** The verb and the resource or path of a rule that give `create pods/exec`; undefined where it is not this rule. */
function wordsOf({ verbs, resources, nonResourceURLs }: PlacedRule, how: string): [Range, Range] | undefined {
  const [verb = '', resource = ''] = how.split(' ')
  const slash = resource.indexOf('/')
  const anySuch = slash < 0 ? [] : [`*${resource.slice(slash)}`, `${resource.slice(0, slash)}/*`]
  const find = (texts: readonly Text[], wanted: readonly string[]) =>
    wanted.flatMap((value) => texts.find((text) => text.value === value) ?? [])[0]
  const [verbText, resourceText] = [
    find(verbs, [verb, '*']),
    find(nonResourceURLs, [resource]) ?? find(resources, [resource, ...anySuch, '*']),
  ]
  return verbText && resourceText && [verbText.range, resourceText.range]
}

/** Of each rule that gives it, the words that do. */
export function placesOf(rules: readonly PlacedRule[], because: readonly string[], source: Source): Place[] {
  const ranges = rules.slice(0, maxRulesShown).flatMap((rule): Range[] => {
    const words = because.flatMap((how) => wordsOf(rule, how) ?? [])
    return words.length > 0 ? words.slice(0, 2) : [rule.range]
  })
  return ranges.map((range) => source.placeOf(range))
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

/**
 * Everything that the catalogue finds. A ClusterRole is judged as if it were bound in the whole cluster: whoever may
 * write bindings decides that, and not this manifest.
 */
export function judgeRole(
  role: PlacedRole,
  namespace: string | null,
  source: Source,
): { judged: Judged[]; risks: Risk[] } {
  const placed = new Map<Rule, PlacedRule>()
  const paths = new Map<PathRule, PlacedRule>()
  for (const placedRule of role.rules) {
    const [rule, pathRule] = [ruleOf(placedRule), pathRuleOf(placedRule)]
    if (rule) placed.set(rule, placedRule)
    if (pathRule) paths.set(pathRule, placedRule)
  }
  const { findings } = assessRisk([...placed.keys()], {
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
  return { judged, risks: findings }
}
