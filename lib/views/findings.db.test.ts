import { afterAll, beforeAll, expect, test } from 'vitest'
import { transaction } from '#lib/adapters/db/client'
import { type ObservedFinding, resolveFindings, saveFindings } from '#lib/adapters/db/clusters/findings'
import type { PersonActor } from '#lib/core/access/actor'
import type { FindingKind } from '#lib/core/access/finding'
import { testDatabase } from '#testing/database'
import { anActor, aSystemActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aGrant, aRequest } from '#testing/requests'
import { getGrant } from './get-grant.ts'
import { getRequest } from './get-request.ts'
import { listClusters } from './list-clusters.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const found = (kind: FindingKind, grantId: string | null, sentence: string): ObservedFinding => ({
  ...{ kind, cluster: 'prod-eu', grantId, sentence, about: { cluster: 'prod-eu' } },
  object: { kind: 'Role', namespace: 'payments', name: sentence.replace(/\W/g, '-'), uid: 'u-1' },
})
const save = (...findings: ObservedFinding[]) => transaction((tx) => saveFindings(tx, aSystemActor(), findings))

let holder: PersonActor
let grantId: string
let requestId: string
beforeAll(async () => {
  await aClusterState()
  holder = await anActor()
  const request = await aRequest({ requester: holder.person, status: 'approved' })
  requestId = request.id
  grantId = (await aGrant({ request, status: 'active' })).id
  const removed = found('object-missing', grantId, 'The Role was removed.')
  await save(removed)
  await transaction((tx) => resolveFindings(tx, [removed], 'repaired'))
  const changed = found('object-changed', grantId, 'The Role gives more.')
  await save(changed)
  await save(changed)
  await save(found('object-stray', null, 'Nobody owns it.'))
})

test('a grant is shown with what was found of it, first to last: what, how often, when, and what came of it', async () => {
  const { findings } = await getGrant(holder, grantId)
  expect(findings).toMatchObject([
    {
      ...{ kind: 'object-missing', sentence: 'The Role was removed.', times: 1, outcome: 'repaired' },
      object: { kind: 'Role', namespace: 'payments', name: 'The-Role-was-removed-', uid: 'u-1' },
    },
    { kind: 'object-changed', times: 2, outcome: null, resolvedAt: null },
  ])
  const [over, standing] = findings
  expect(Date.parse(over?.resolvedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(over?.firstSeenAt ?? ''))
  expect(Date.parse(standing?.lastSeenAt ?? '')).toBeGreaterThan(Date.parse(standing?.firstSeenAt ?? ''))
})

test('the request tells the same of its grant as the grant itself, to whoever may see it', async () => {
  const { findings } = await getGrant(holder, grantId)
  for (const reader of [holder, await anActor({ groups: ['payments-leads'] }), await anActor({ roles: ['auditor'] })]) {
    expect((await getRequest(reader, requestId)).grant?.findings).toEqual(findings)
  }
})

test('whoever may not see the grant learns nothing of what was found', async () => {
  const stranger = await anActor({ groups: ['search-dev'] })
  expect(await rejectionOf(getGrant(stranger, grantId))).toMatchObject({ code: 'not-found' })
  expect((await listClusters(stranger)).flatMap(({ findings }) => findings)).toEqual([])
})

test('what belongs to no grant stands with its cluster, for those who see everything, and on no grant', async () => {
  const sentences = async (reader: PersonActor) =>
    (await listClusters(reader)).flatMap(({ findings }) => findings.map(({ sentence }) => sentence))
  expect(await sentences(await anActor({ roles: ['auditor'] }))).toEqual(['Nobody owns it.'])
  expect(await sentences(holder)).toEqual([])
  expect((await getGrant(holder, grantId)).findings).toHaveLength(2)
})
