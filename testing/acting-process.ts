// A worker and one operation in the same process, as POSTERN_ROLE=all has them, so that a test can kill it between the two.

import { db } from '#lib/adapters/db/client'
import { startPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { env } from '#lib/env'
import { decideRequest } from '#lib/operations/decide-request'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { startWorker } from '#lib/worker/start'
import { until } from './until.ts'

export type Act = { actor: PersonActor } & (
  | { approve: string; digest: string }
  | { revoke: string }
  | { issueCredential: string }
)

const { actor, ...act } = JSON.parse(process.env.POSTERN_TEST_ACT ?? '') as Act

await startPolicy(env().configPath)
startWorker()
const { posternReserve: reserve } = globalThis as {
  posternReserve?: (grantId: string, cluster: string, kind: 'begin' | 'end') => { cancel(): void } | undefined
}
await until('the worker has read its cluster, and has a slot', async () => {
  if ((await db().clusterState.count({ where: { reachable: true } })) === 0) return false
  const reservation = reserve?.('none', 'prod-eu', 'begin')
  reservation?.cancel()
  return reservation !== undefined
})
if ('approve' in act) await decideRequest(actor, act.approve, { decision: 'approve', digest: act.digest })
else if ('issueCredential' in act) await issueCredential(actor, act.issueCredential)
else await revokeGrant(actor, act.revoke, { reason: 'to kill the worker' })
