// One guardrail as a CEL expression of a ValidatingAdmissionPolicy. The text of `when` is not rewritten: each variable of
// guardrails is bound as the loop variable of a list with one element, so the API server evaluates exactly what is written
// in postern.yaml.
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { matchesCluster } from '#lib/core/guardrails/configured/match'
import { allOf, anyOf, globCondition, labelConditions, literal, orElse } from './cel.ts'

type Cluster = { name: string; labels: Readonly<Record<string, string>> }

/** A list of texts, with that type: an untyped list would let an expression have another meaning than in Postern. */
const texts = (path: string) => `(${orElse(path, '[]')}).map(text, string(text))`

/** What expressions see as `rules`: those for resources, with every field. Rules for paths are not part of guardrails. */
const rules = `(${orElse('object.rules', '[]')}).filter(r, has(r.resources) && r.resources != null && size(r.resources) > 0).map(r, {${[
  'verbs',
  'apiGroups',
  'resources',
  'resourceNames',
]
  .map((field) => `'${field}': ${texts(`r.${field}`)}`)
  .join(', ')}})`

const labelsOf = (labels: Readonly<Record<string, string>>) => `{${pairs(labels)}}`
const pairs = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels)
    .map(([key, value]) => `${literal(key)}: ${literal(value)}`)
    .join(', ')

/** The variables that the expressions use; `namespaceObject` is null for a ClusterRole. */
export const guardrailVariables = (cluster: Cluster): Record<string, string> => ({
  rules,
  cluster: `{'name': dyn(${literal(cluster.name)}), 'labels': dyn(${labelsOf(cluster.labels)})}`,
  place: "has(request.namespace) ? request.namespace : ''",
  namespaceLabels: `namespaceObject != null && has(namespaceObject.metadata.labels) ? dyn(namespaceObject.metadata.labels) : dyn({})`,
  namespaceObject: "{'metadata': {'name': dyn(variables.place), 'labels': dyn(variables.namespaceLabels)}}",
})

const bindable = ['rules', 'cluster', 'namespaceObject'] as const

function whenExpression(when: CompiledGuardrail['when']): string {
  if (!when) return 'true'
  const bound = bindable.filter((variable) => when.mentions.has(variable))
  // A line break ends a comment. NB: only then, because the API server drops a warning that quotes one.
  const source = when.source.includes('//') ? `(${when.source}\n)` : `(${when.source})`
  return bound.reduceRight((inner, variable) => `[variables.${variable}].exists(${variable}, ${inner})`, source)
}

export const isAboutNamespaces = ({ guardrail: { match }, when }: CompiledGuardrail): boolean =>
  match?.namespaces !== undefined ||
  match?.namespaceLabels !== undefined ||
  when?.mentions.has('namespaceObject') === true

/**
 * True for a Role or ClusterRole that the guardrail matches; null if it never applies in this cluster to this kind.
 * A guardrail about namespaces does not apply to a ClusterRole, which has none.
 */
export function matchExpression(
  compiled: CompiledGuardrail,
  cluster: Cluster,
  kind: 'roles' | 'clusterroles',
): string | null {
  const { match } = compiled.guardrail
  if (match && !matchesCluster(match, cluster)) return null
  const scope = kind === 'roles' ? 'namespaced' : 'cluster'
  if (match?.scope !== undefined && match.scope !== scope) return null
  if (kind === 'clusterroles' && isAboutNamespaces(compiled)) return null
  const places = match?.namespaces && anyOf(match.namespaces.map((glob) => globCondition('variables.place', glob)))
  const labels = labelConditions('variables.namespaceLabels', match?.namespaceLabels ?? {})
  return allOf([...(places === undefined ? [] : [places]), ...labels, whenExpression(compiled.when)])
}
