import { expect, test } from 'vitest'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { userName } from '#lib/core/grants/names'
import { handOverSeconds, supersededSeconds } from '#lib/core/grants/token-lifetime'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { getGrant } from '#lib/views/get-grant'
import { eventsWhere, eventTypesWhere } from '#testing/events'
import {
  anActiveGrant,
  anApprovedRequest,
  endedGrantOf,
  grantReaches,
  grantRow,
  objectsInCluster,
} from '#testing/grants'
import { canI, kubectl } from '#testing/kubectl'
import { asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { deploymentsIn, statusFor } from '#testing/token'
import { refuseDeletion } from '#testing/undeletable'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const { start, stop } = await workerBench()

/** Active access, and an approved request of its holder that extends it. */
async function anExtension(durationSeconds = 1800) {
  const old = await anActiveGrant()
  const heldSince = old.grant.activatedAt ?? new Date(0)
  const terms = { requester: old.holder, extendsGrantId: old.id, heldSince, durationSeconds }
  return { old, request: (await anApprovedRequest(terms)).request }
}

/** Milliseconds: longer than extended access takes to end. */
const longMs = 110_000

/** Seconds from the begin of the extension. */
const secondsUntil = ({ endingAt }: { endingAt: Date | null }, at: Date | null) =>
  ((at?.getTime() ?? Number.POSITIVE_INFINITY) - (endingAt?.getTime() ?? 0)) / 1000

test.concurrent('the old access ends as superseded once its extension works, and not before', async () => {
  const { old, request } = await anExtension()
  const { id } = await aGrant({ request })
  const grant = await grantReaches(id, 'active')
  const superseded = await grantReaches(old.id, 'ended', longMs)
  expect(superseded).toMatchObject({ endedBy: 'superseded', endedByName: 'Postern', lastError: null, attempts: 0 })
  expect(superseded.endingAt).toEqual(grant.activatedAt)
  expect(await canI(userName(id), 'patch', 'deployments.apps')).toBe('yes')
  expect(await canI(userName(old.id), 'patch', 'deployments.apps')).toBe('no')
  expect(await objectsInCluster(old.id)).toEqual([])
  expect((await eventTypesWhere({ grantId: old.id })).filter((type) => type === 'grant.ending')).toHaveLength(1)
  expect(await getGrant(asActor(old.holder), old.id)).toMatchObject({ supersededBy: id, extends: null })
  expect(await getGrant(asActor(old.holder), id)).toMatchObject({ supersededBy: null, extends: old.id })
})

test.concurrent('the tokens of extended access work until programs have changed to the new ones, are refused with 401 then, and never with 403', async () => {
  const { old, request } = await anExtension()
  const { token } = await issueCredential(asActor(old.holder), old.id)
  const use = () => statusFor(token, deploymentsIn('payments'))
  await until('the token is accepted', async () => (await use()) === 200)
  await aGrant({ request })
  const answers: Array<{ status: number | undefined; at: Date }> = []
  await until(
    'the old access has ended',
    async () => {
      const status = await use()
      if (answers.at(-1)?.status !== status) answers.push({ status, at: new Date() })
      return (await grantRow(old.id)).status === 'ended'
    },
    longMs,
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 401])
  const ended = await grantRow(old.id)
  expect(secondsUntil(ended, answers[1]?.at ?? null)).toBeGreaterThan(handOverSeconds)
  expect(secondsUntil(ended, ended.endedAt)).toBeLessThan(supersededSeconds + 10)
})

test.concurrent('extended access ends at once with its extension', async () => {
  const { old, request } = await anExtension()
  const { id } = await aGrant({ request })
  await grantReaches(id, 'active')
  await revokeGrant(asActor(old.lead), id, { reason: 'enough' })
  const superseded = await grantReaches(old.id, 'ended')
  expect(secondsUntil(superseded, superseded.endedAt)).toBeLessThan(handOverSeconds)
  expect(await objectsInCluster(old.id)).toEqual([])
  expect((await grantReaches(id, 'ended')).endedBy).toBe('revocation')
})

test.concurrent('the bindings of extended access are deleted although its ServiceAccount can’t be', async () => {
  const { old, request } = await anExtension()
  const allow = await refuseDeletion({ kind: 'ServiceAccount', namespace: grantsNamespace, name: old.name })
  await aGrant({ request })
  const isOnlyAccountLeft = async () =>
    JSON.stringify(await objectsInCluster(old.id)) === JSON.stringify([`serviceaccount/${old.name}`])
  await until('only the ServiceAccount is left', isOnlyAccountLeft, longMs)
  expect(await grantRow(old.id)).toMatchObject({ status: 'ending' })
  await allow()
  await grantReaches(old.id, 'ended', longMs)
})

test('a worker that died after it deleted the ServiceAccount of extended access leaves nothing', async () => {
  const { old, request } = await anExtension()
  const { id } = await aGrant({ request })
  await grantReaches(id, 'active')
  await stop()
  await kubectl(['delete', 'serviceaccount', old.name, '-n', grantsNamespace])
  start()
  await grantReaches(old.id, 'ended', longMs)
  expect(await objectsInCluster(old.id)).toEqual([])
  const deleted = await eventsWhere({ grantId: old.id, type: 'grant.object-deleted' })
  expect(deleted.map(({ data }) => (data as { alreadyGone?: true }).alreadyGone ?? false).sort()).toEqual([
    false,
    false,
    true,
  ])
})

test('an extension of access that was revoked meanwhile never begins', async () => {
  const { old, request } = await anExtension()
  await revokeGrant(asActor(old.lead), old.id, { reason: 'enough' })
  const ended = await endedGrantOf(request)
  expect(ended).toMatchObject({ endedBy: 'ineligible', activatedAt: null })
  expect(ended.endNote).toContain('was revoked')
  expect(await objectsInCluster(ended.id)).toEqual([])
  expect(await grantReaches(old.id, 'ended')).toMatchObject({ endedBy: 'revocation' })
})

test('access that expires while its extension is created is extended all the same', async () => {
  await stop()
  const { holder, request: first } = await anApprovedRequest()
  const activatedAt = new Date(Date.now() - 1_801_000)
  const old = await aGrant({ request: first, status: 'active', activatedAt })
  const terms = { requester: holder, extendsGrantId: old.id, heldSince: activatedAt }
  const { id } = await aGrant({ request: (await anApprovedRequest(terms)).request })
  start()
  await grantReaches(id, 'active')
  expect(['expiry', 'superseded']).toContain((await grantReaches(old.id, 'ended')).endedBy)
})

test('an extension ends at the latest when the access may last no longer in total, however late it was approved', async () => {
  const { old, request } = await anExtension(7200)
  const { id } = await aGrant({ request })
  const { expiresAt } = await grantReaches(id, 'active')
  const heldSince = old.grant.activatedAt?.getTime() ?? 0
  // The longest duration of the entitlement, as it has no longer total.
  expect(expiresAt?.getTime()).toBe(heldSince + 7_200_000)
})
