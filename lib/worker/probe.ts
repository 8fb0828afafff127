import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterClient } from '#lib/adapters/cluster/client'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { review, type Subject } from '#lib/adapters/cluster/reviews'
import { grantsNamespace } from '#lib/core/access/namespaces'
import type { Probe, Probes } from '#lib/core/access/probe-resource'
import { type SubjectKind, subjectOf } from '#lib/core/grants/names'
import type { Attributes } from '#lib/core/rbac/attributes'
import { breakdown } from '#lib/core/rbac/breakdown'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { subjectKindIn, type Work } from './work.ts'

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

/**
 * A subject that does not exist: in the same groups as that of every grant, and bound to nothing, because no one knows its
 * random name. What the cluster allows it, someone else's binding allows to all of them, with or without a grant.
 */
const unbound = (grantId: string, kind: SubjectKind): Subject => {
  const name = `unbound-${randomBytes(10).toString('hex')}`
  const user = kind === 'User' ? `postern:${name}` : `system:serviceaccount:${grantsNamespace}:${name}`
  return { ...subjectOf(grantId, kind), user }
}

/** The subject as sentences name it. */
const nounOf: Record<SubjectKind, string> = { ServiceAccount: 'this ServiceAccount', User: 'the user of this grant' }

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

const questionsOf = ({ request }: Work['grant']) => breakdown(request.rules, request.namespaces)

/** For how many milliseconds this attempt repeats its reviews. */
const patienceOf = ({ attempts }: Work['grant'], ms: number) => (attempts === 0 ? ms : 0)

/**
 * Promise 5: reviews every verb, resource, name and namespace of a grant until the cluster allows all of them.
 * @throws NotConfirmed naming the first that it does not allow
 */
export async function probeAllowed(client: ClusterClient, work: Work): Promise<Probes> {
  const { grant, clock, signal } = work
  const kind = subjectKindIn(work)
  const questions = questionsOf(grant)
  const [open] = await reviewUntil(
    client,
    subjectOf(grant.id, kind),
    questions,
    true,
    patienceOf(grant, patienceMs.allowed),
    signal,
  )
  if (open)
    throw new NotConfirmed(
      `All objects were created, but the cluster does not yet allow ${nounOf[kind]} to ${describe(open)}.`,
    )
  return probesOf(questions, clock(), () => true)
}

/**
 * Promise 6: reviews until the cluster denies all of them. What someone else's binding allows to every such subject was
 * never the grant's, and does not end with it: it stays in the result as allowed, for all to see.
 * @throws NotConfirmed naming the first that the cluster still allows to the subject of the grant alone
 */
export async function probeDenied(client: ClusterClient, work: Work): Promise<Probes> {
  const { grant, clock, signal } = work
  const kind = subjectKindIn(work)
  const questions = questionsOf(grant)
  const subject = subjectOf(grant.id, kind)
  const open = await reviewUntil(client, subject, questions, false, patienceOf(grant, usualLagMs), signal)
  const allowedToAll = new Set<Attributes>()
  if (open.length > 0) {
    const answers = await review(client, unbound(grant.id, kind), open)
    for (const [index, question] of open.entries()) if (answers[index]) allowedToAll.add(question)
    const own = open.filter((question) => !allowedToAll.has(question))
    const patience = patienceOf(grant, patienceMs.denied)
    const [still] = patience > 0 ? await reviewUntil(client, subject, own, false, patience, signal) : own
    if (still) {
      throw new NotConfirmed(
        `All objects that Postern created are gone, but the cluster still allows ${nounOf[kind]} to ${describe(still)}: someone else has bound it.`,
      )
    }
  }
  return probesOf(questions, clock(), (question) => allowedToAll.has(question))
}
