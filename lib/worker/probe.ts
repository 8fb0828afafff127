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
 * Milliseconds between two rounds of questions. The authorizer learns of a change from a watch, mostly within a few
 * milliseconds, so the first rounds come quickly; after that it is as gentle as Kubernetes' own tests (100 ms).
 */
const pauses = [3, 5, 10, 20, 40, 80]
const longestPause = 100
const patienceMs = 10_000
/** Milliseconds in which a watch usually brings the news; what is still allowed after them may have another reason. */
const usualLagMs = 50

/** The cluster answered, and went on answering otherwise than it should. Worth another try. */
export class NotConfirmed extends ClusterError {
  constructor(sentence: string) {
    super('transient', sentence)
    this.name = 'NotProven'
  }
}

const subjectOf = (grantId: string): Subject => ({ user: userName(grantId), groups: userGroups })

/**
 * A ServiceAccount that never was and never will be: in the same groups as every grant's, and bound to nothing. What is
 * allowed to it, is allowed to every grant's ServiceAccount by somebody else's binding, with or without a grant.
 */
const nobody: Subject = { user: `system:serviceaccount:${grantsNamespace}:nobody`, groups: userGroups }

const inWords = ({ verb, group, resource, subresource, name, namespace }: Attributes): string => {
  const target = subresource ? `${resource}/${subresource}` : resource
  const rule = { verbs: [verb], apiGroups: [group], resources: [target], ...(name ? { resourceNames: [name] } : {}) }
  return `${rulesInWords([rule])} in ${namespace}`
}

/** Asks until every answer is `wanted`, or the time is over; gives the questions that were never answered so. */
async function askUntilAnswer(
  client: ClusterClient,
  subject: Subject,
  questions: readonly Attributes[],
  wanted: boolean,
  withinMs: number,
  signal: AbortSignal,
): Promise<Attributes[]> {
  const deadline = performance.now() + withinMs
  let open = [...questions]
  for (let round = 0; ; round++) {
    const answers = await review(client, subject, open)
    open = open.filter((_, index) => answers[index] !== wanted)
    if (open.length === 0 || performance.now() > deadline) return open
    await delay(pauses[round] ?? longestPause, undefined, { signal })
  }
}

const probesOf = (questions: readonly Attributes[], at: Date, allowed: (question: Attributes) => boolean): Probes => ({
  at: at.toISOString(),
  results: questions.map((question): Probe => ({ ...question, allowed: allowed(question) })),
})

const questionsOf = ({ request }: GrantInWork) => breakdown(request.rules, request.namespaces)

/**
 * Promise 5: asks the cluster about every verb, resource, name and namespace until it says allowed to all.
 * @throws NotConfirmed naming the first that it does not allow
 */
export async function probeAllowed(
  client: ClusterClient,
  grant: GrantInWork,
  clock: () => Date,
  signal: AbortSignal,
): Promise<Probes> {
  const questions = questionsOf(grant)
  const [open] = await askUntilAnswer(client, subjectOf(grant.id), questions, true, patienceMs, signal)
  if (open) throw new NotConfirmed(`Everything is made, but the cluster does not allow yet to ${inWords(open)}.`)
  return probesOf(questions, clock(), () => true)
}

/**
 * Promise 6: asks until the cluster says denied to all. What it allows to every ServiceAccount, by a binding that is
 * somebody else's, was not the grant's to give and cannot end with it: it stays in the answer as allowed, for all to see.
 * @throws NotConfirmed naming the first that this ServiceAccount alone may still do
 */
export async function probeDenied(
  client: ClusterClient,
  grant: GrantInWork,
  clock: () => Date,
  signal: AbortSignal,
): Promise<Probes> {
  const questions = questionsOf(grant)
  const subject = subjectOf(grant.id)
  const open = await askUntilAnswer(client, subject, questions, false, usualLagMs, signal)
  const everybodys = new Set<Attributes>()
  if (open.length > 0) {
    const toNobody = await review(client, nobody, open)
    for (const [index, question] of open.entries()) if (toNobody[index]) everybodys.add(question)
    const its = open.filter((question) => !everybodys.has(question))
    const [still] = await askUntilAnswer(client, subject, its, false, patienceMs, signal)
    if (still) {
      throw new NotConfirmed(
        `Everything Postern made is gone, but the cluster still allows this ServiceAccount to ${inWords(still)}: somebody else has bound it.`,
      )
    }
  }
  return probesOf(questions, clock(), (question) => everybodys.has(question))
}
