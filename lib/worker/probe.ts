import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { review, type Subject } from '#lib/adapters/cluster/reviews'
import { grantsNamespace } from '#lib/core/access/namespaces'
import type { Probe, Probes } from '#lib/core/access/probe-resource'
import { userGroups, userName } from '#lib/core/grants/names'
import type { Attributes } from '#lib/core/rbac/attributes'
import { breakdown } from '#lib/core/rbac/breakdown'
import { rulesInWords } from '#lib/core/rbac/sentence'
import type { GrantInWork } from './work.ts'

/**
 * Milliseconds between two rounds of access reviews. The authorizer learns of a change from a watch, mostly within a few
 * milliseconds, so the first rounds follow quickly; the later ones at the pace of Kubernetes' own tests (100 ms).
 */
const pauses = [3, 5, 10, 20, 40, 80]
const longestPause = 100
/**
 * Milliseconds. Only the first attempt repeats its reviews for this long; a retry reviews once. A cluster that keeps giving
 * the wrong answer takes no slot from other grants meanwhile, least of all from those that end.
 */
const patienceMs = { allowed: 1_000, denied: 300 }
/** Milliseconds in which a watch usually delivers a change; what is still allowed after them may have another reason. */
const usualLagMs = 50

/** The cluster gave the wrong answer. Another attempt may succeed. */
export class NotConfirmed extends ClusterError {
  constructor(sentence: string) {
    super('transient', sentence)
    this.name = 'NotConfirmed'
  }
}

const subjectOf = (grantId: string): Subject => ({ user: userName(grantId), groups: userGroups })

/**
 * A ServiceAccount that does not exist: in the same groups as that of every grant, and bound to nothing, because no one
 * knows its random name. What the cluster allows it, someone else's binding allows to every ServiceAccount, with or without
 * a grant.
 */
const unbound = (): Subject => {
  const name = `unbound-${randomBytes(10).toString('hex')}`
  return { user: `system:serviceaccount:${grantsNamespace}:${name}`, groups: userGroups }
}

const describe = ({ verb, group, resource, subresource, name, namespace }: Attributes): string => {
  const target = subresource ? `${resource}/${subresource}` : resource
  const rule = { verbs: [verb], apiGroups: [group], resources: [target], ...(name ? { resourceNames: [name] } : {}) }
  return `${rulesInWords([rule])} in ${namespace}`
}

/** Reviews until every answer is the expected one or time is up. Returns the questions that never got it. */
async function reviewUntil(
  client: ClusterClient,
  subject: Subject,
  questions: readonly Attributes[],
  expected: boolean,
  withinMs: number,
  signal: AbortSignal,
): Promise<Attributes[]> {
  const deadline = performance.now() + withinMs
  let open = [...questions]
  for (let round = 0; ; round++) {
    const answers = await review(client, subject, open)
    open = open.filter((_, index) => answers[index] !== expected)
    if (open.length === 0 || performance.now() >= deadline) return open
    await delay(pauses[round] ?? longestPause, undefined, { signal })
  }
}

const probesOf = (questions: readonly Attributes[], at: Date, allowed: (question: Attributes) => boolean): Probes => ({
  at: at.toISOString(),
  results: questions.map((question): Probe => ({ ...question, allowed: allowed(question) })),
})

const questionsOf = ({ request }: GrantInWork) => breakdown(request.rules, request.namespaces)

/** For how many milliseconds this attempt repeats its reviews. */
const patienceOf = ({ attempts }: GrantInWork, ms: number) => (attempts === 0 ? ms : 0)

/**
 * Promise 5: reviews every verb, resource, name and namespace of a grant until the cluster allows all of them.
 * @throws NotConfirmed naming the first that it does not allow
 */
export async function probeAllowed(
  client: ClusterClient,
  grant: GrantInWork,
  clock: () => Date,
  signal: AbortSignal,
): Promise<Probes> {
  const questions = questionsOf(grant)
  const [open] = await reviewUntil(
    client,
    subjectOf(grant.id),
    questions,
    true,
    patienceOf(grant, patienceMs.allowed),
    signal,
  )
  if (open)
    throw new NotConfirmed(
      `All objects were created, but the cluster does not yet allow this ServiceAccount to ${describe(open)}.`,
    )
  return probesOf(questions, clock(), () => true)
}

/**
 * Promise 6: reviews until the cluster denies all of them. What someone else's binding allows to every ServiceAccount was
 * never the grant's, and does not end with it: it stays in the result as allowed, for all to see.
 * @throws NotConfirmed naming the first that the cluster still allows to this ServiceAccount alone
 */
export async function probeDenied(
  client: ClusterClient,
  grant: GrantInWork,
  clock: () => Date,
  signal: AbortSignal,
): Promise<Probes> {
  const questions = questionsOf(grant)
  const subject = subjectOf(grant.id)
  const open = await reviewUntil(client, subject, questions, false, patienceOf(grant, usualLagMs), signal)
  const allowedToAll = new Set<Attributes>()
  if (open.length > 0) {
    const answers = await review(client, unbound(), open)
    for (const [index, question] of open.entries()) if (answers[index]) allowedToAll.add(question)
    const own = open.filter((question) => !allowedToAll.has(question))
    const patience = patienceOf(grant, patienceMs.denied)
    const [still] = patience > 0 ? await reviewUntil(client, subject, own, false, patience, signal) : own
    if (still) {
      throw new NotConfirmed(
        `All objects that Postern created are gone, but the cluster still allows this ServiceAccount to ${describe(still)}: someone else has bound it.`,
      )
    }
  }
  return probesOf(questions, clock(), (question) => allowedToAll.has(question))
}
