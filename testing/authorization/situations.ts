import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { Person } from '#lib/core/access/actor'
import type { DecisionInput } from '#lib/core/access/request'
import { decideRequest } from '#lib/operations/decide-request'
import { submitRequest } from '#lib/operations/submit-request'
import { withdrawRequest } from '#lib/operations/withdraw-request'
import { lapseRequest } from '#lib/worker/lapse-request'
import { aSystemActor, asActor } from '#testing/people'
import { aClusterState, aSubmission, bringGrant } from '#testing/requests'
import type { ServedPostern } from '#testing/served'
import type { Cast } from './callers.ts'
import type { Situation, State } from './words.ts'

/** The namespaces of the cluster: one for each situation, so that a scope can have the access of one request only. */
const namespaces = Array.from({ length: 1000 }, (_, index) => `checkout-${index}`)
let used = 0

/** A finding about standing access in prod-eu, which stays the same whoever accepts it. */
export const postureFinding = { id: `fnd_${'0'.repeat(26)}`, digest: `sha256:${'0'.repeat(64)}` }
export const postureJudgedAt = '2026-11-20T09:00:00.000Z'

async function aPosture() {
  const { id, digest } = postureFinding
  const detail = {
    ...{
      check: 'everything',
      severity: 'high',
      subjects: ['User eve'],
      moreSubjects: 0,
      because: [],
      path: [],
      fix: [],
    },
    ...{ binding: { kind: 'ClusterRoleBinding', namespace: '', name: 'helper' }, sentence: 'Can do anything.' },
    role: { kind: 'ClusterRole', name: 'cluster-admin' },
  }
  const finding = { cluster: 'prod-eu', key: 'helper', severity: 'high', detail, digest, resolvedAt: null }
  await db().postureFinding.upsert({ where: { id }, create: { id, ...finding }, update: finding })
  const times = { judgedAt: new Date(postureJudgedAt), baselineAt: new Date(postureJudgedAt) }
  const state = { basis: 'none', own: [], ...times }
  await db().postureState.upsert({
    where: { cluster: 'prod-eu' },
    create: { cluster: 'prod-eu', ...state },
    update: state,
  })
}

/** What the worker last read of a cluster that has these namespaces, and one finding. */
export async function aCrowdedClusterState() {
  await aPosture()
  return aClusterState({
    namespaces: ['payments', ...namespaces].map((name) => ({ name, labels: { environment: 'prod' } })),
  })
}

/** Creates situations by Postern's own operations. Only the progress of a grant, which is the worker's, is written by hand. */
export function situationMaker({ database }: ServedPostern, { people }: Cast) {
  /** Moves the expiry of a request, past the trigger that forbids it, so that no test waits a day for it to lapse. */
  async function letTimePass(requestId: string) {
    const admin = new pg.Client({ connectionString: database.adminUrl })
    await admin.connect()
    try {
      await admin.query('SET session_replication_role = replica')
      await admin.query(`UPDATE requests SET lapses_at = now() - interval '1 minute' WHERE id = $1`, [requestId])
    } finally {
      await admin.end()
    }
  }

  const decide = (person: Person, { requestId, digest }: Situation, decision: DecisionInput['decision'] = 'approve') =>
    decideRequest(asActor(person), requestId, { decision, digest })

  async function submit(state: State, requester: Person, namespace: string): Promise<Situation> {
    const reason = `because of ${randomBytes(8).toString('hex')}`
    const { id, digest } = await submitRequest(asActor(requester), aSubmission({ reason, namespaces: [namespace] }))
    return { state, requestId: id, grantId: newId('grant'), digest, reason, namespace }
  }

  /** Two people have approved the first step; one of them has left the group since. */
  async function halfWay(situation: Situation) {
    await decide(people['former, decided'], situation)
    await decide(people.decided, situation)
  }

  async function approve(situation: Situation) {
    await halfWay(situation)
    await decide(people.last, situation)
    const { id } = await db().grant.findUniqueOrThrow({ where: { requestId: situation.requestId } })
    return { ...situation, grantId: id }
  }

  async function granted(state: State, requester: Person, namespace: string): Promise<Situation> {
    const situation = await approve(await submit(state, requester, namespace))
    const { grantId } = situation
    const now = Date.now()
    if (state === 'active') await bringGrant(grantId, 'active')
    if (state === 'past') await bringGrant(grantId, 'active', { activatedAt: new Date(now - 1_800_000 - 60_000) })
    if (state === 'ending' || state === 'ended') await bringGrant(grantId, state)
    return situation
  }

  return async function make(
    state: State,
    requester = people.requester,
    namespace = namespaces[used++] ?? '',
  ): Promise<Situation> {
    if (state === 'absent') {
      const digest = `sha256:${'0'.repeat(64)}`
      const none = { state, digest, reason: 'no such request', namespace: 'no-such-namespace' }
      return { ...none, requestId: newId('request'), grantId: newId('grant') }
    }
    if (['granting', 'active', 'past', 'ending', 'ended'].includes(state)) return granted(state, requester, namespace)
    const situation = await submit(state, requester, namespace)
    if (state === 'half') await halfWay(situation)
    if (state === 'overdue' || state === 'lapsed') await letTimePass(situation.requestId)
    if (state === 'lapsed') await lapseRequest(aSystemActor(), situation.requestId)
    if (state === 'withdrawn') await withdrawRequest(asActor(requester), situation.requestId)
    if (state === 'denied') {
      await decide(people['former, decided'], situation)
      await decide(people.decided, situation, 'deny')
    }
    return situation
  }
}
