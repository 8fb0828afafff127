// Does this request need the people of its entitlement? Not for break-glass access, and not while the condition of the
// entitlement for automatic approval holds. A guardrail that requires people always brings them back.
import type { Entitlement } from '#lib/core/access/entitlement'
import { contextOf, type PolicyFacts, sizesOf } from '#lib/core/guardrails/cel/context'
import { type CompiledExpression, compileExpression } from '#lib/core/guardrails/cel/expression'
import { shapesFor, UnknownFact } from '#lib/core/guardrails/cel/vocabulary'
import type { CompiledGuardrail } from './compile.ts'
import type { Judgement } from './judge-configured.ts'

/** `problem`: why the condition could not be evaluated, so that people decide. */
export type Attendance = { unattended: 'break-glass' | 'automatic' | null; problem: string | null }

const people = { unattended: null, problem: null } as const

/** A step takes at most about 100 ns, so this is a tenth of a second, as for one guardrail. */
const maxSteps = 1_000_000

const compiled = new Map<string, CompiledExpression>()

/** Stored entitlements have conditions that are in no current policy, so they are compiled when they are needed. */
function compile(source: string): CompiledExpression {
  const known = compiled.get(source) ?? compileExpression(source, 'bool')
  if (compiled.size > 1000) compiled.clear()
  compiled.set(source, known)
  return known
}

/** Why this can't be a condition; null if it can. */
export function conditionProblem(source: string): { message: string; offset: number } | null {
  const result = compile(source)
  if (!result.ok) return result.problem
  return result.expression.mentions.has('namespaceObject')
    ? {
        message: 'The condition is about the whole request: use request.namespaces instead of namespaceObject.',
        offset: 0,
      }
    : null
}

function holds(source: string, facts: PolicyFacts, now: Date): boolean {
  const problem = conditionProblem(source)
  if (problem) throw new Error(problem.message)
  const result = compile(source)
  if (!result.ok) return false
  const { expression } = result
  if (!(expression.steps(shapesFor(sizesOf(facts))) <= maxSteps))
    throw new Error('on this request it would exceed the cost limit')
  return expression.run(contextOf(facts, now)) === true
}

/**
 * NB: an approver's no outweighs a condition. After a denial or a revocation, people decide for a day, or one would only have to
 * submit the request again at a better moment.
 */
export function attendanceOf(
  facts: PolicyFacts,
  { requirements, violations }: Pick<Judgement, 'requirements' | 'violations'>,
  now: Date,
): Attendance {
  const { breakGlass, automatic } = facts.entitlement
  if (requirements.approvals.length > 0 || requirements.approvers > 0) return people
  if (breakGlass) return { unattended: 'break-glass', problem: null }
  // A request that people decide is not taken from them.
  if (!automatic || facts.stage === 'deciding' || facts.refusedRecently || violations.length > 0) return people
  try {
    return holds(automatic.when, facts, now) ? { unattended: 'automatic', problem: null } : people
  } catch (error) {
    const why = error instanceof UnknownFact || error instanceof Error ? error.message.split('\n')[0] : 'it failed'
    return { unattended: null, problem: (why ?? '').slice(0, 200) }
  }
}

/** The guardrails and the condition of the entitlement, for `uses`: which facts have to be read? */
export function withCondition(
  guardrails: readonly CompiledGuardrail[],
  { automatic }: Pick<Entitlement, 'automatic'>,
): readonly CompiledGuardrail[] {
  const condition = automatic && compile(automatic.when)
  if (!condition?.ok) return guardrails
  const guardrail = { name: 'automatic', description: 'The condition of the entitlement.', effect: 'warn' as const }
  return [...guardrails, { guardrail, when: condition.expression, message: null, steps: [], ticket: null, time: null }]
}
