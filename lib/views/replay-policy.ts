import { type FoundRequest, findPastRequests } from '#lib/adapters/db/requests/find-past-requests'
import { replayBudget, tryPolicy } from '#lib/adapters/policy/try-policy'
import type { PersonActor } from '#lib/core/access/actor'
import type { Replay, ReplayInput } from '#lib/core/access/policy-trial'
import { calendarsFor, policyForTrial } from './policy-for-trial.ts'
import { readerOf } from './reader.ts'

const replayedRequestOf = ({ kind, id, at, requester, entitlementName, cluster, namespaces }: FoundRequest) => ({
  kind,
  id,
  at: at.toISOString(),
  requester,
  entitlement: entitlementName,
  cluster,
  namespaces: [...namespaces],
})

/**
 * Which of the last requests that this person may see would another policy judge differently, by their recorded facts?
 * The policy is neither stored nor put in force.
 * @throws AppError `invalid` for a policy with mistakes, each with its place
 */
export async function replayPolicy(actor: PersonActor, input: ReplayInput): Promise<Replay> {
  const { policy, calendars, last, against, cursor } = input
  const { requests, nextCursor } = await findPastRequests(readerOf(actor), { cursor, limit: last })
  const { hash, judged, changed, guardrails } = await tryPolicy(actor.person.id, {
    kind: 'replay',
    candidate: { text: policy, calendars: calendarsFor(calendars) },
    policyForTrial: policyForTrial(),
    against,
    requests,
    budget: replayBudget,
  })
  const oldest = requests[judged - 1]
  return {
    policyVersion: hash,
    against,
    judged,
    leftOut: requests.length - judged,
    since: oldest?.at.toISOString() ?? null,
    changed: changed.length,
    guardrails,
    items: changed.flatMap(({ index, ...rest }) => {
      const request = requests[index]
      return request ? [{ request: replayedRequestOf(request), ...rest }] : []
    }),
    nextCursor,
  }
}
