import { expect, test } from 'vitest'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { objectName } from '#lib/core/grants/names'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { decide, requestRow } from '#testing/decisions'
import { eventsWhere } from '#testing/events'
import { grantRow } from '#testing/grants'
import { anActor, companyActors } from '#testing/people'
import { aRequest, aSubmission } from '#testing/requests'

// Promise 1: the approval commits the names of the objects, with the grant and the events, before anything acts on it.

const bench = await testBench()
const { priya } = await companyActors('priya')

const namesOf = async (grantId: string) =>
  (await grantRow(grantId)).objects.map(({ kind, namespace, name, cluster, uid }) => [
    cluster,
    kind,
    namespace,
    name,
    uid,
  ])

const expectedNames = (grantId: string, namespaces: readonly string[]) =>
  expect.arrayContaining([
    ['prod-eu', 'ServiceAccount', grantsNamespace, objectName(grantId), null],
    ...namespaces.flatMap((namespace) => [
      ['prod-eu', 'Role', namespace, objectName(grantId), null],
      ['prod-eu', 'RoleBinding', namespace, objectName(grantId), null],
    ]),
  ])

const grantOf = async (request: { id: string }) => {
  const { grant } = await requestRow(request)
  if (!grant) throw new Error('the request has no grant')
  return grant
}

test('the last approval commits the names of all objects as they were narrowed, and says so in one event by Postern', async () => {
  const entitlement = anEntitlement({ namespaces: ['payments', 'checkout'] })
  const request = await aRequest({ entitlement, namespaces: ['checkout', 'payments'] })
  await decide(priya, request, { narrow: { namespaces: ['checkout'] } })
  const { id } = await grantOf(request)
  expect(await namesOf(id)).toHaveLength(3)
  expect(await namesOf(id)).toEqual(expectedNames(id, ['checkout']))
  const recorded = await eventsWhere({ grantId: id })
  expect(recorded).toMatchObject([
    {
      ...{ type: 'grant.intent-recorded', actorKind: 'system', via: 'system', requestId: request.id },
      ...{ aboutId: request.requesterId, namespaces: ['checkout'] },
      data: { objects: [{ name: objectName(id) }, { name: objectName(id) }, { name: objectName(id) }] },
    },
  ])
})

test('where Postern is the token webhook of the cluster, an approval names no ServiceAccount, and neither does an automatic one', async () => {
  const { clusters, ...rest } = aConfiguration()
  const webhookAuthentication = { tokenFile: '/etc/postern/token-review' }
  const document = { ...rest, clusters: clusters.map((cluster) => ({ ...cluster, webhookAuthentication })) }
  await bench.policy.change(document)
  const waiting = await aRequest()
  await decide(priya, waiting)
  await bench.policy.change({ ...document, entitlements: [anEntitlementDocument({ approvals: [] })] })
  const submitted = await submitRequest(await anActor(), aSubmission())
  for (const request of [submitted, waiting]) {
    const { id } = await grantOf(request)
    const kinds = (await grantRow(id)).objects.map(({ kind }) => kind)
    expect(kinds.toSorted()).toEqual(['Role', 'RoleBinding'])
  }
})

test('an automatic approval commits the names of all objects', async () => {
  await bench.offer(anEntitlementDocument({ approvals: [] }))
  const { id: requestId } = await submitRequest(await anActor(), aSubmission())
  const { id } = await grantOf({ id: requestId })
  expect(await namesOf(id)).toHaveLength(3)
  expect(await namesOf(id)).toEqual(expectedNames(id, ['payments']))
  expect(await eventsWhere({ grantId: id })).toMatchObject([{ type: 'grant.intent-recorded', actorKind: 'system' }])
})

test('the approval of access that begins later commits no names', async () => {
  const request = await aRequest({ startsAt: new Date(Date.now() + 3_600_000) })
  await decide(priya, request)
  const { id } = await grantOf(request)
  expect(await namesOf(id)).toEqual([])
  expect(await eventsWhere({ grantId: id })).toEqual([])
})

test('an approval without its names is no approval', async () => {
  const request = await aRequest()
  await bench.database.asOwner(`ALTER TABLE grant_objects ADD CONSTRAINT none CHECK (false) NOT VALID`)
  try {
    await expect(decide(priya, request)).rejects.toThrow('"none"')
    expect(await requestRow(request)).toMatchObject({ status: 'pending', grant: null, decisions: [] })
  } finally {
    await bench.database.asOwner(`ALTER TABLE grant_objects DROP CONSTRAINT none`)
  }
})
