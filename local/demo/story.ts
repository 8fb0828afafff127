import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Preview } from '#lib/core/access/preview-resource'
import type { RequestResource } from '#lib/core/access/request-resource'
import { type Cluster, runKubectl } from '#local/parts/kubectl'
import { waitUntil } from '#local/processes/processes'
import type { Say } from '#local/processes/steps'
import { type Api, ApiRefusal } from './api-client.ts'
import { writePrivately } from './demo-state.ts'

/** What the story needs: the API of each person, the cluster, and write access to postern.yaml. */
export type Stage = {
  as(person: string): Promise<Api>
  cluster: Cluster
  /** A private folder for the kubeconfig in use. */
  directory: string
  /** Rewrites postern.yaml so that later requests lapse after this time without a decision. */
  setLapse(lapseAfter: string): void
  say: Say
}

const people = ['mina', 'jonas', 'priya', 'sam', 'tomas', 'ines', 'ola']
const restart = { entitlement: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT2H' }
const logs = { entitlement: 'payments-logs', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT15M' }
const view = { entitlement: 'cluster-view', cluster: 'prod-eu', namespaces: ['search'], duration: 'PT1H' }

async function submit(api: Api, submission: object): Promise<RequestResource> {
  const { id } = await api.post<{ id: string }>('/requests', submission)
  return api.request(id)
}

async function decide(api: Api, id: string, decision: 'approve' | 'deny', note: string) {
  const { digest } = await api.request(id)
  await api.post(`/requests/${id}/decisions`, { decision, digest, note })
}

async function grantReaches(api: Api, id: string, status: 'active' | 'ended'): Promise<string> {
  await waitUntil(`the grant of ${id} to be ${status}`, 30_000, async () => {
    const { grant } = await api.request(id)
    if (grant?.status === 'ended' && status !== 'ended') throw new Error(grant.lastError ?? 'it ended')
    return grant?.status === status
  })
  const { grant } = await api.request(id)
  return grant?.id ?? ''
}

/** Does something in the cluster with a credential of the grant, as its holder would. */
async function actWith(stage: Stage, api: Api, grantId: string, commands: string[][]) {
  const { kubeconfig } = await api.credential(grantId)
  const file = join(stage.directory, 'story.kubeconfig')
  writePrivately(file, kubeconfig)
  try {
    for (const command of commands) await runKubectl(stage.cluster, file, command)
  } finally {
    rmSync(file)
  }
}

/** Mina restarts a payment service with a lead's approval; the grant stays active. */
async function activeGrant(stage: Stage) {
  const [mina, priya] = [await stage.as('mina'), await stage.as('priya')]
  const reason = 'payments-api hangs on its upstream since 02:10; restarting it'
  const { id } = await submit(mina, { ...restart, reason, ticket: 'OPS-4711' })
  await decide(priya, id, 'approve', 'Seen it on the dashboard too. Go ahead.')
  const grantId = await grantReaches(mina, id, 'active')
  await actWith(stage, mina, grantId, [
    ['get', 'deployments', '--namespace=payments'],
    ['rollout', 'restart', 'deployment/payments-api', '--namespace=payments'],
  ])
  stage.say('Mina restarts payments-api with Priya’s approval: active, and used with kubectl')
}

async function releasedGrant(stage: Stage) {
  const mina = await stage.as('mina')
  const { id } = await submit(mina, { ...logs, reason: 'Looking for the first timeout in the ledger' })
  const grantId = await grantReaches(mina, id, 'active')
  await actWith(stage, mina, grantId, [['get', 'pods', '--namespace=payments']])
  await mina.post(`/grants/${grantId}/release`)
  await grantReaches(mina, id, 'ended')
  stage.say('Mina reads logs, which needs no approval, and releases the access: ended')
}

async function revokedGrant(stage: Stage) {
  const [mina, sam] = [await stage.as('mina'), await stage.as('sam')]
  const submission = { ...restart, namespaces: ['checkout'], reason: 'cart answers slowly after the deployment' }
  const { id } = await submit(mina, submission)
  await decide(sam, id, 'approve', 'Only cart, please.')
  const grantId = await grantReaches(mina, id, 'active')
  await sam.post(`/grants/${grantId}/revoke`, { reason: 'The rollback went through, no restart is needed' })
  await grantReaches(mina, id, 'ended')
  stage.say('Mina gets access to checkout, and Sam revokes it: ended')
}

async function deniedRequest(stage: Stage) {
  const [jonas, tomas] = [await stage.as('jonas'), await stage.as('tomas')]
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'delete'] }]
  const submission = {
    entitlement: 'search-debug',
    cluster: 'prod-eu',
    namespaces: ['search'],
    duration: 'PT2H',
    rules,
  }
  const { id } = await submit(jonas, {
    ...submission,
    reason: 'Deleting the query pods one by one',
    ticket: 'SEARCH-88',
  })
  await decide(tomas, id, 'deny', 'Not during the sale. Use the rollout instead.')
  stage.say('Jonas wants to delete pods in search, and Tomas denies it: denied')
}

async function withdrawnRequest(stage: Stage) {
  const jonas = await stage.as('jonas')
  const { id } = await submit(jonas, { ...view, reason: 'Want to see which config the indexer has' })
  await jonas.post(`/requests/${id}/withdraw`)
  stage.say('Jonas withdraws his request: withdrawn')
}

async function refusedAttempt(stage: Stage) {
  const jonas = await stage.as('jonas')
  const refused = await submit(jonas, {
    ...restart,
    duration: 'PT8H',
    reason: 'Helping out the payments team tonight',
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(refused instanceof ApiRefusal) || ![403, 404, 422].includes(refused.status)) {
    throw new Error(`a request that the policy forbids was accepted: ${refused}`)
  }
  stage.say('Jonas requests something he isn’t eligible for, and for too long: refused by the policy')
}

async function pendingRequests(stage: Stage) {
  const [mina, jonas] = [await stage.as('mina'), await stage.as('jonas')]
  const secrets = { entitlement: 'payments-secrets', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT15M' }
  const reason = 'Comparing the database password with the vault after the rotation'
  const { id } = await submit(mina, { ...secrets, reason, ticket: 'SEC-208' })
  await decide(await stage.as('priya'), id, 'approve', 'Rotation was announced for today.')
  const learning = await submit(jonas, { ...view, reason: 'Learning how search is deployed before my on-call week' })
  const comment = async (person: string, text: string, more: object = {}) =>
    (await stage.as(person)).post(`/requests/${learning.id}/comments`, { text, ...more })
  await comment('tomas', 'Your week begins on Monday. Is an hour today enough?', { needsInformation: true })
  await comment('jonas', 'Yes. I only want to see the deployments and their settings.')
  stage.say('Mina waits for a second approval to read a secret, and Jonas for read-only access: pending')
  stage.say('Tomas needs more information from Jonas, who answers')
}

/** Tomas repairs payments without an approval, and Priya reviews it afterwards. */
async function breakGlassUse(stage: Stage) {
  const [tomas, priya] = [await stage.as('tomas'), await stage.as('priya')]
  const { id } = await submit(tomas, {
    ...{ entitlement: 'payments-break-glass', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT15M' },
    reason: 'Card payments fail since 02:05 and no lead answers; rolling back payments-api',
  })
  const grantId = await grantReaches(tomas, id, 'active')
  await actWith(stage, tomas, grantId, [['get', 'deployments', '--namespace=payments']])
  await tomas.post(`/grants/${grantId}/release`)
  await grantReaches(tomas, id, 'ended')
  const note = 'The outage was real, and the calls fit the reason.'
  await priya.post(`/requests/${id}/review`, { outcome: 'justified', note })
  stage.say('Tomas uses break-glass access, releases it, and Priya reviews it as justified')
}

/** Submits while requests lapse after five seconds; then postern.yaml says a day again, and Postern reloads it. */
async function lapsedRequest(stage: Stage) {
  const mina = await stage.as('mina')
  const submission = { ...view, namespaces: ['observability'], reason: 'Checking whether the alert has fired before' }
  const verdict = async () => (await mina.post<Preview>('/requests/preview', submission)).verdict
  const version = async () => (await verdict()).policyVersion
  await waitUntil('Postern to read the cluster', 30_000, async () => !(await verdict()).violations.length)
  const before = await version()
  const { id } = await submit(mina, submission)
  stage.setLapse('PT24H')
  await waitUntil('Postern to read its new configuration', 20_000, async () => (await version()) !== before)
  await waitUntil('a request without a decision to lapse', 60_000, async () => {
    return (await mina.request(id)).status === 'lapsed'
  })
  stage.say('No one decides Mina’s request: lapsed')
}

/** When requests lapse during the first part of the story, which can't wait a day for one. */
export const lapseDuringStory = 'PT5S'

/**
 * Plays the demo's story through the real API: a request in each status, grants that are active, released and revoked,
 * and an attempt that the policy refuses. Played once; later starts only add an active grant when the last one has ended.
 */
export async function playStory(stage: Stage, isNew: boolean): Promise<string> {
  if (isNew) {
    // Postern knows, shows and notifies only people it has seen.
    for (const person of people) await (await stage.as(person)).get('/me')
    await lapsedRequest(stage)
    await Promise.all([activeGrant(stage), deniedRequest(stage), withdrawnRequest(stage), refusedAttempt(stage)])
    await releasedGrant(stage)
    await revokedGrant(stage)
    await breakGlassUse(stage)
    await pendingRequests(stage)
    return 'a request in each status, one active grant with activity'
  }
  const { items } = await (await stage.as('ines')).requests('all')
  if (items.some(({ grant }) => grant?.status === 'active')) return 'played before'
  await activeGrant(stage)
  return 'played before; one more active grant'
}
