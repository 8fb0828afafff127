// Evaluates the guardrails of a policy for the rules of a manifest. A manifest grants them permanently, without a request:
// it has no requester, reason, approval or time. A guardrail that needs those is inconclusive and never counts as passed.
import type { Rule } from '#lib/core/access/rule'
import { type PolicyFacts, type RequestedNamespace, sizesOf } from '#lib/core/guardrails/cel/context'
import { timestampOf } from '#lib/core/guardrails/cel/values'
import {
  Cluster,
  type Context,
  Difference,
  History,
  Pods,
  PolicyRule,
  Request,
  Requester,
  Risk,
  shapesFor,
  types,
  UnknownFact,
} from '#lib/core/guardrails/cel/vocabulary'
import type { CompiledGuardrail } from './compile.ts'
import { type Evaluation, evaluateGuardrail, type Finding, maxTotalSteps } from './judge-configured.ts'
import { matchedNamespaces } from './match.ts'
import { sentenceOf } from './sentence.ts'

/**
 * Where the rules apply. `somewhere`: in a namespace that the manifest does not specify. `everywhere`: in the whole
 * cluster. `unbound`: nowhere yet, for a ClusterRole; guardrails that depend on a namespace are evaluated for its bindings.
 */
export type Reach = { namespace: string } | 'somewhere' | 'everywhere' | 'unbound'

export type ManifestFacts = {
  cluster: { name: string; labels: Readonly<Record<string, string>> }
  reach: Reach
  rules: readonly Rule[]
  risks: readonly { id: string; severity: string }[]
}

/** `condition`: the guardrail has conditions that a manifest cannot meet, such as a ticket. */
export type ManifestVerdict = {
  guardrail: string
  kind: 'violation' | 'warning' | 'condition' | 'inconclusive'
  sentence: string
}

const unknownNamespace = 'the manifest does not specify a namespace'
const everyNamespace = 'the role is bound in every namespace'
const noRequest = new UnknownFact('it depends on a request, and a manifest has none')

/** A value of which only some fields are known. Reading any other field throws. */
function partlyKnown<Value extends object>(name: string, prototype: Value, known: Partial<Value>): Value {
  const fields = types.find((type) => type.name === name)?.fields ?? {}
  const unknown = Object.keys(fields).map((field): [string, PropertyDescriptor] => {
    const get = () => {
      throw noRequest
    }
    return [field, { enumerable: true, configurable: true, get }]
  })
  const value: Value = Object.defineProperties(Object.create(prototype), Object.fromEntries(unknown))
  for (const [field, content] of Object.entries(known)) Object.defineProperty(value, field, { value: content })
  return value
}

const namespacesOf = (reach: Reach): string[] => (typeof reach === 'object' ? [reach.namespace] : [])

/** For the code that requests and manifests share, which does not read what a manifest does not have. */
const policyFactsOf = ({ cluster, reach, rules, risks }: ManifestFacts): PolicyFacts => ({
  submission: { namespaces: namespacesOf(reach), reason: '', durationSeconds: 0 },
  entitlement: { name: '', approvals: [] },
  requester: { subject: '', groups: null },
  cluster: { ...cluster, namespaces: null },
  rules,
  risks,
  difference: null,
})

/** A ClusterRole has no namespaces of its own. Where a role is bound everywhere or somewhere, they are unknown. */
const knownOfRequest = (reach: Reach) =>
  (reach === 'unbound' || typeof reach === 'object' ? { namespaces: namespacesOf(reach) } : {}) as Partial<Request>

const contextOf = ({ cluster, reach, rules, risks }: ManifestFacts): Context => ({
  request: partlyKnown('Request', Request.prototype, knownOfRequest(reach)),
  requester: partlyKnown('Requester', Requester.prototype, {}),
  cluster: new Cluster({ name: cluster.name, labels: new Map(Object.entries(cluster.labels)) }),
  rules: rules.map((rule) => new PolicyRule({ ...rule, resourceNames: rule.resourceNames ?? [] })),
  risks: risks.map(({ id, severity }) => new Risk({ id, severity })),
  difference: new Difference(null),
  history: new History(null),
  pods: new Pods(null),
  // Never used, because guardrails that depend on the time are not evaluated.
  now: timestampOf(new Date(0)),
})

/** Why this guardrail cannot be evaluated for any manifest, or null. */
function whyNotApplicable({ guardrail, when }: CompiledGuardrail): string | null {
  if (guardrail.match?.entitlements) return 'applies to specific entitlements'
  if (when?.mentions.has('now')) return 'depends on the time'
  if (when?.mentions.has('history')) return 'depends on other requests'
  if (when?.mentions.has('pods')) return 'depends on the pods of a cluster'
  const isAboutTerms = guardrail.effect === 'require' || guardrail.effect === 'limit'
  if (isAboutTerms && !when?.mentions.has('rules') && !when?.mentions.has('risks')) {
    return guardrail.effect === 'require' ? 'sets requirements for requests' : 'limits duration or hours'
  }
  return null
}

/** The guardrails that cannot be evaluated for any manifest, so that a report can list them once. */
export const notApplicable = (compiled: readonly CompiledGuardrail[]): { guardrail: string; because: string }[] =>
  compiled.flatMap((item) => {
    const because = whyNotApplicable(item)
    return because === null ? [] : [{ guardrail: item.guardrail.name, because }]
  })

/** What the guardrail needs to know of the cluster. */
export const needsOfCluster = ({
  guardrail: { match },
  when,
}: CompiledGuardrail): { name: boolean; labels: boolean } => ({
  name: match?.clusters !== undefined || when?.mentions.has('cluster') === true,
  labels: match?.clusterLabels !== undefined || when?.mentions.has('cluster') === true,
})

/** Why it is unknown whether the guardrail applies here, or null. */
function whyUncertain({ guardrail: { match } }: CompiledGuardrail, { reach }: ManifestFacts): string | null {
  if (match?.groups) return 'it applies to specific groups, and a manifest has no requester'
  if (match?.namespaces && reach === 'somewhere') return unknownNamespace
  if (match?.namespaceLabels && reach !== 'everywhere') return 'the labels of the namespace are not known'
  return null
}

/** The namespaces to evaluate in; null where the guardrail does not apply. */
function namespacesFor(item: CompiledGuardrail, facts: ManifestFacts, policyFacts: PolicyFacts) {
  const { match } = item.guardrail
  const isAboutNamespaces = match?.namespaces !== undefined || match?.namespaceLabels !== undefined
  const { reach } = facts
  if (reach === 'unbound' && (isAboutNamespaces || item.when?.mentions.has('namespaceObject'))) return null
  const name = typeof reach === 'object' ? reach.namespace : ''
  const namespace: RequestedNamespace = { index: 0, name, labels: null }
  // Without one certain namespace, conditions on namespaces do not exclude a guardrail: `whyUncertain` reports them.
  const guardrail = typeof reach === 'object' ? item.guardrail : { ...item.guardrail, match: withoutNamespaces(match) }
  const scope = reach === 'unbound' || reach === 'everywhere' ? 'cluster' : 'namespaced'
  return matchedNamespaces(guardrail, policyFacts, [namespace], scope).length > 0 ? [namespace] : null
}

function withoutNamespaces(match: CompiledGuardrail['guardrail']['match']) {
  if (!match) return undefined
  const { namespaces: _namespaces, namespaceLabels: _labels, ...rest } = match
  return rest
}

/** Why the guardrail cannot be evaluated without a certain namespace, as the same result as an unknown fact; or null. */
function unknownPlace({ when }: CompiledGuardrail, reach: Reach): Finding | null {
  if (typeof reach === 'object' || !when?.mentions.has('namespaceObject')) return null
  return { kind: 'failed', because: reach === 'everywhere' ? everyNamespace : unknownNamespace, isUnknown: true }
}

function verdictOf(item: CompiledGuardrail, facts: ManifestFacts, evaluation: Evaluation): ManifestVerdict | null {
  const at = namespacesFor(item, facts, evaluation.facts)
  if (!at) return null
  const { name: guardrail, effect, match } = item.guardrail
  const verdict = (kind: ManifestVerdict['kind'], sentence: string): ManifestVerdict => ({ guardrail, kind, sentence })
  const finding = unknownPlace(item, facts.reach) ?? evaluateGuardrail(item, at, evaluation)
  if (finding.kind === 'passed' || finding.kind === 'not-evaluated') return null
  if (finding.kind === 'failed') {
    return finding.isUnknown
      ? verdict('inconclusive', `Not evaluated: ${finding.because}.`)
      : verdict('violation', `Evaluation failed, so it counts as violated: ${finding.because}.`)
  }
  const sentence = sentenceOf(item, finding.context)
  const uncertainty = whyUncertain(item, facts)
  if (uncertainty) return verdict('inconclusive', `Not evaluated: ${uncertainty}. Its message: ${sentence}`)
  if (effect === 'require' || effect === 'limit') return verdict('condition', sentence)
  const isWider = facts.reach === 'everywhere' && (match?.namespaces || match?.namespaceLabels)
  const scope = isWider ? 'The binding applies to every namespace, including these. ' : ''
  return verdict(effect === 'deny' ? 'violation' : 'warning', `${scope}${sentence}`)
}

/**
 * The verdicts of all guardrails on these rules, except those that no manifest can be evaluated for. A guardrail whose
 * evaluation fails counts as violated.
 */
export function judgeManifest(compiled: readonly CompiledGuardrail[], facts: ManifestFacts): ManifestVerdict[] {
  const policyFacts = policyFactsOf(facts)
  const evaluation: Evaluation = {
    facts: policyFacts,
    now: new Date(0),
    context: contextOf(facts),
    contextError: null,
    shapes: shapesFor(sizesOf(policyFacts)),
    stepsLeft: maxTotalSteps,
  }
  return compiled.flatMap((item) => (whyNotApplicable(item) === null ? (verdictOf(item, facts, evaluation) ?? []) : []))
}
