// What do the guardrails say about rules that a manifest gives to whoever it names, for good and without being asked?
// Nothing is known of a requester, a reason, an approval or an hour. What can be said without them is said; a guardrail
// that needs them is named as not judged, and never passes by that.
import type { Rule } from '#lib/core/access/rule'
import { type PolicyFacts, type RequestedNamespace, sizesOf } from '#lib/core/guardrails/cel/context'
import {
  Cluster,
  type Context,
  Difference,
  PolicyRule,
  Request,
  Requester,
  Risk,
  shapesFor,
  types,
  UnknownFact,
} from '#lib/core/guardrails/cel/vocabulary'
import type { CompiledGuardrail } from './compile.ts'
import { ask, maxStepsTogether, type Work } from './judge-configured.ts'
import { matchedNamespaces } from './match.ts'
import { sentenceOf } from './sentence.ts'

/**
 * Where the rules hold. `somewhere`: in one namespace, the manifest does not say which. `everywhere`: bound in the whole
 * cluster. `unbound`: a ClusterRole by itself; what depends on a namespace is judged where it is bound.
 */
export type Reach = { namespace: string } | 'somewhere' | 'everywhere' | 'unbound'

export type ManifestFacts = {
  cluster: { name: string; labels: Readonly<Record<string, string>> }
  reach: Reach
  rules: readonly Rule[]
  risks: readonly { id: string; severity: string }[]
}

/** `condition`: it would be given only under terms that no manifest can carry, such as a ticket. */
export type ManifestVerdict = {
  guardrail: string
  kind: 'violation' | 'warning' | 'condition' | 'unjudged'
  sentence: string
}

const unknownNamespace = 'the manifest names no namespace'
const everyNamespace = 'it is bound in every namespace'
const noRequest = 'nobody asks, it is a manifest'

/** A value of which only some fields are known: whatever asks for another is not passed. */
function partlyKnown<Value extends object>(name: string, prototype: Value, known: Partial<Value>): Value {
  const fields = types.find((type) => type.name === name)?.fields ?? {}
  const unknown = Object.keys(fields).map((field): [string, PropertyDescriptor] => {
    const get = () => {
      throw new UnknownFact(noRequest)
    }
    return [field, { enumerable: true, configurable: true, get }]
  })
  const value: Value = Object.defineProperties(Object.create(prototype), Object.fromEntries(unknown))
  for (const [field, content] of Object.entries(known)) Object.defineProperty(value, field, { value: content })
  return value
}

const namespacesOf = (reach: Reach): string[] => (typeof reach === 'object' ? [reach.namespace] : [])

/** For the parts that judging requests and manifests share; what is not known of a manifest is not looked at there. */
const policyFactsOf = ({ cluster, reach, rules, risks }: ManifestFacts): PolicyFacts => ({
  submission: { namespaces: namespacesOf(reach), reason: '', durationSeconds: 0 },
  entitlement: { name: '', approvals: [] },
  requester: { subject: '', groups: null },
  cluster: { ...cluster, namespaces: null },
  rules,
  risks,
  difference: null,
})

const contextOf = ({ cluster, reach, rules, risks }: ManifestFacts): Context => ({
  request: partlyKnown('Request', Request.prototype, { namespaces: namespacesOf(reach) } as Partial<Request>),
  requester: partlyKnown('Requester', Requester.prototype, {}),
  cluster: new Cluster({ name: cluster.name, labels: new Map(Object.entries(cluster.labels)) }),
  rules: rules.map((rule) => new PolicyRule({ ...rule, resourceNames: rule.resourceNames ?? [] })),
  risks: risks.map(({ id, severity }) => new Risk({ id, severity })),
  difference: new Difference(null),
  // Guardrails that look at the time are not judged: a manifest holds at every hour.
  now: new Date(0),
})

/** Why this guardrail says nothing about any manifest, or null. */
function whyNever({ guardrail, when }: CompiledGuardrail): string | null {
  if (guardrail.match?.entitlements) return 'it is about certain entitlements'
  if (when?.mentions.has('now')) return 'it depends on the hour'
  const isAboutTerms = guardrail.effect === 'require' || guardrail.effect === 'limit'
  if (isAboutTerms && !when?.mentions.has('rules') && !when?.mentions.has('risks')) {
    return guardrail.effect === 'require' ? 'it is about how access is asked for' : 'it is about how long or when'
  }
  return null
}

/** The guardrails that cannot be judged on any manifest, each with why: to be said once. */
export const neverJudged = (compiled: readonly CompiledGuardrail[]): { guardrail: string; because: string }[] =>
  compiled.flatMap((item) => {
    const because = whyNever(item)
    return because === null ? [] : [{ guardrail: item.guardrail.name, because }]
  })

/** What the match leaves open: were it known, the guardrail might not look at this. */
function openQuestion({ guardrail: { match } }: CompiledGuardrail, { reach }: ManifestFacts): string | null {
  if (match?.groups) return 'it is for certain groups, and who will use this is not known'
  if (match?.namespaces && reach === 'somewhere') return unknownNamespace
  if (match?.namespaceLabels && reach !== 'everywhere') return 'the labels of the namespace are not known'
  return null
}

/** The namespaces to judge at; null where the guardrail does not look here. */
function placesFor(item: CompiledGuardrail, facts: ManifestFacts, policyFacts: PolicyFacts) {
  const { match } = item.guardrail
  const isAboutNamespaces = match?.namespaces !== undefined || match?.namespaceLabels !== undefined
  const { reach } = facts
  if (reach === 'unbound' && (isAboutNamespaces || item.when?.mentions.has('namespaceObject'))) return null
  const name = typeof reach === 'object' ? reach.namespace : ''
  const place: RequestedNamespace = { index: 0, name, labels: null }
  // Which of the namespaces is left open here where it is not one: see `openQuestion`.
  const asked = typeof reach === 'object' ? item.guardrail : { ...item.guardrail, match: withoutNamespaces(match) }
  return matchedNamespaces(asked, policyFacts, [place]).length > 0 ? [place] : null
}

function withoutNamespaces(match: CompiledGuardrail['guardrail']['match']) {
  if (!match) return undefined
  const { namespaces: _namespaces, namespaceLabels: _labels, ...rest } = match
  return rest
}

function verdictOf(item: CompiledGuardrail, facts: ManifestFacts, policyFacts: PolicyFacts, work: Work) {
  const at = placesFor(item, facts, policyFacts)
  if (!at) return null
  const { name: guardrail, effect, match } = item.guardrail
  const say = (kind: ManifestVerdict['kind'], sentence: string): ManifestVerdict => ({ guardrail, kind, sentence })
  const isUnknownPlace = typeof facts.reach !== 'object' && item.when?.mentions.has('namespaceObject')
  const found = isUnknownPlace
    ? ({
        kind: 'failed',
        because: facts.reach === 'everywhere' ? everyNamespace : unknownNamespace,
        isUnknown: true,
      } as const)
    : ask(item, at, work)
  if (found.kind === 'passed' || found.kind === 'unjudged') return null
  if (found.kind === 'failed') {
    if (found.isUnknown) return say('unjudged', `Not judged: ${found.because}.`)
    return say('violation', `It could not be judged, which counts as a no: ${found.because}.`)
  }
  const sentence = sentenceOf(item, found.context)
  const open = openQuestion(item, facts)
  if (open) return say('unjudged', `Not judged: ${open}. It may say: ${sentence}`)
  if (effect === 'require' || effect === 'limit') return say('condition', sentence)
  const isWider = facts.reach === 'everywhere' && (match?.namespaces || match?.namespaceLabels)
  const reaches = isWider ? 'It reaches every namespace, these as well. ' : ''
  return say(effect === 'deny' ? 'violation' : 'warning', `${reaches}${sentence}`)
}

/**
 * Everything that the guardrails say about these rules, but for those that say nothing about any manifest. A guardrail
 * that fails counts as violated.
 */
export function judgeManifest(compiled: readonly CompiledGuardrail[], facts: ManifestFacts): ManifestVerdict[] {
  const policyFacts = policyFactsOf(facts)
  const work: Work = {
    facts: policyFacts,
    now: new Date(0),
    context: contextOf(facts),
    unknown: null,
    shapes: shapesFor(sizesOf(policyFacts)),
    stepsLeft: maxStepsTogether,
  }
  return compiled.flatMap((item) => (whyNever(item) === null ? (verdictOf(item, facts, policyFacts, work) ?? []) : []))
}
