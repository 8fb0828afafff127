// For tests: the answers of Kubernetes' CEL, from the program in local/cel.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { totalSeconds } from '#lib/core/access/extension'
import { contextOf, namespaceObjectOf, type PolicyFacts, requestedNamespaces, startOf } from './context.ts'
import { parseExpression } from './expression.ts'
import { Duration, Timestamp, type Value } from './values.ts'
import { type Context, types, variables } from './vocabulary.ts'

/** `refused`: when the policy is loaded. `failed`: when the expression is evaluated. */
export type Outcome = { value: unknown } | { refused: string } | { failed: string }

/** What one run of the program prints, line by line. */
export async function linesOf(program: string, args: readonly string[], input = ''): Promise<unknown[]> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  child.stdin.end(input)
  const output = await text(child.stdout)
  if ((await ended) !== 0) throw new Error(`${program} failed`)
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** The facts as the variables of a ValidatingAdmissionPolicy would hold them. */
function variablesOf(facts: PolicyFacts, now: Date) {
  const { submission, entitlement, requester, cluster } = facts
  const [namespace] = requestedNamespaces(facts)
  return {
    request: {
      entitlement: entitlement.name,
      automatic: entitlement.approvals.length === 0 || entitlement.breakGlass !== undefined,
      breakGlass: entitlement.breakGlass !== undefined,
      clusterRole: entitlement.clusterRole ?? '',
      namespaces: submission.namespaces,
      reason: submission.reason,
      ticket: submission.ticket ?? '',
      duration: `${submission.durationSeconds}s`,
      startsAt: startOf(facts, now).toISOString(),
      via: submission.via ?? 'browser',
      extension: facts.heldSince != null,
      total: `${totalSeconds(facts.heldSince ?? now, submission.durationSeconds, now)}s`,
    },
    requester: { subject: requester.subject, email: requester.email ?? '', groups: requester.groups ?? [] },
    cluster: { name: cluster.name, labels: cluster.labels },
    namespaceObject: { metadata: { name: namespace?.name, labels: Object.fromEntries(namespace?.labels ?? []) } },
    rules: (facts.rules ?? []).map((rule) => ({ ...rule, resourceNames: rule.resourceNames ?? [] })),
    risks: facts.risks.map(({ id, severity }) => ({ id, severity })),
    difference: { known: facts.difference !== null, added: facts.difference ?? [] },
    history: {
      ...{ requests: facts.history?.requests ?? [], grants: facts.history?.grants ?? [] },
      ...{ heldInDay: '0s', heldInWeek: '0s', lastEnd: new Date(0).toISOString() },
    },
    pods: { known: Boolean(facts.pods), items: facts.pods ?? [] },
    now: now.toISOString(),
  }
}

/** Each question is an expression and the facts to evaluate it for. */
export type Question = { expression: string; facts: PolicyFacts; now: Date }

export async function askKubernetes(program: string, questions: readonly Question[]): Promise<Outcome[]> {
  const header = {
    types: types.map(({ name, fields }) => ({
      name,
      fields: Object.fromEntries(Object.entries(fields).map(([field, { type }]) => [field, type])),
    })),
    variables: Object.fromEntries(Object.entries(variables).map(([name, { type }]) => [name, type])),
  }
  const lines: object[] = [header]
  let known: PolicyFacts | null = null
  for (const { expression, facts, now } of questions) {
    if (facts !== known) lines.push({ facts: variablesOf(facts, now) })
    known = facts
    lines.push({ expression })
  }
  const answers = await linesOf(program, [], lines.map((line) => JSON.stringify(line)).join('\n'))
  return (answers as { value?: unknown; error?: string; at?: string }[]).map(({ value, error = '', at }) => {
    if (value !== undefined) return { value }
    return at === 'load' ? { refused: error } : { failed: error }
  })
}

/** Our answer, through the code that judges requests. */
export function ask({ expression, facts, now }: Question): Outcome {
  const parsed = parseExpression(expression)
  if (!parsed.ok) return { refused: parsed.problem.message }
  const [namespace] = requestedNamespaces(facts)
  const context: Context = contextOf(facts, now)
  try {
    const value = parsed.expression.run(
      namespace ? { ...context, namespaceObject: namespaceObjectOf(namespace) } : context,
    )
    return { value: encoded(value) }
  } catch (error) {
    return { failed: String(error) }
  }
}

function bitsOf(double: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, double)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

const byKey = ([a]: [string, Value], [b]: [string, Value]) => (a < b ? -1 : 1)

/** A value as local/cel/main.go writes it. */
function encoded(value: Value): unknown {
  if (typeof value === 'boolean') return { bool: value }
  if (typeof value === 'string') return { string: value }
  if (typeof value === 'bigint') return { int: `${value}` }
  if (typeof value === 'number') return { double: Number.isNaN(value) ? 'NaN' : bitsOf(value) }
  if (value === null) return { null: true }
  if (value instanceof Timestamp) return { timestamp: `${value.ns}` }
  if (value instanceof Duration) return { duration: `${value.ns}` }
  if (Array.isArray(value)) return { list: value.map(encoded) }
  const entries: [string, Value][] = value instanceof Map ? [...value] : Object.entries(value)
  return { map: entries.sort(byKey).map(([key, of]) => [encoded(key), encoded(of)]) }
}

/** How an answer of ours differs from that of Kubernetes; null where it gives no more than Kubernetes does. */
export function differenceOf(ours: Outcome, theirs: Outcome): string | null {
  if (!('value' in ours)) return null
  const value = JSON.stringify(ours.value)
  if (!('value' in theirs)) return `Postern ${value}, Kubernetes ${JSON.stringify(theirs)}`
  const expected = JSON.stringify(theirs.value)
  return value === expected ? null : `Postern ${value}, Kubernetes ${expected}`
}
