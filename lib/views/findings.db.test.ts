import { beforeAll, expect, test } from 'vitest'
import { transaction } from '#lib/adapters/db/client'
import { type ObservedFinding, resolveFindings, saveFindings } from '#lib/adapters/db/clusters/findings'
import type { PersonActor } from '#lib/core/access/actor'
import type { FindingKind } from '#lib/core/access/finding'
import { testBench } from '#testing/bench'
import { anActor, aSystemActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant } from '#testing/requests'
import { getGrant } from './get-grant.ts'
import { getRequest } from './get-request.ts'
import { listClusters } from './list-clusters.ts'

await testBench()

const found = (kind: FindingKind, grantId: string | null, sentence: string): ObservedFinding => ({
  ...{ kind, cluster: 'prod-eu', grantId, sentence, about: { cluster: 'prod-eu' } },
  object: { kind: 'Role', namespace: 'payments', name: sentence.replace(/\W/g, '-'), uid: 'u-1' },
})
const save = (...findings: ObservedFinding[]) => transaction((tx) => saveFindings(tx, aSystemActor(), findings))

const { priya, ines, jonas } = await companyActors('priya', 'ines', 'jonas')
const holder = await anActor()
const { id: grantId, requestId } = await aGrant({ holder: holder.person, status: 'active' })
beforeAll(async () => {
  const removed = found('object-missing', grantId, 'The Role was deleted.')
  await save(removed)
  await transaction((tx) => resolveFindings(tx, [removed], 'repaired'))
  const changed = found('object-changed', grantId, 'The Role has wider rules.')
  await save(changed)
  await save(changed)
  await save(found('object-stray', null, 'No grant owns it.'))
})

test('a grant shows its findings in order, each with its count, its times and its outcome', async () => {
  const { findings } = await getGrant(holder, grantId)
  expect(findings).toMatchObject([
    {
      ...{ kind: 'object-missing', sentence: 'The Role was deleted.', times: 1, outcome: 'repaired' },
      object: { kind: 'Role', namespace: 'payments', name: 'The-Role-was-deleted-', uid: 'u-1' },
    },
    { kind: 'object-changed', times: 2, outcome: null, resolvedAt: null },
  ])
  const [resolved, open] = findings
  expect(Date.parse(resolved?.resolvedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(resolved?.firstSeenAt ?? ''))
  expect(Date.parse(open?.lastSeenAt ?? '')).toBeGreaterThan(Date.parse(open?.firstSeenAt ?? ''))
})

test('a request shows the findings of its grant to everyone who may see the request', async () => {
  const { findings } = await getGrant(holder, grantId)
  for (const reader of [holder, priya, ines])
    expect((await getRequest(reader, requestId)).grant?.findings).toEqual(findings)
})

test('a person who may not see a grant learns nothing about its findings', async () => {
  expect(await rejectionOf(getGrant(jonas, grantId))).toMatchObject({ code: 'not-found' })
  expect((await listClusters(jonas)).flatMap(({ findings }) => findings)).toEqual([])
})

test('a finding without a grant is listed with its cluster, for auditors and admins only, and with no grant', async () => {
  const sentences = async (reader: PersonActor) =>
    (await listClusters(reader)).flatMap(({ findings }) => findings.map(({ sentence }) => sentence))
  expect(await sentences(ines)).toEqual(['No grant owns it.'])
  expect(await sentences(holder)).toEqual([])
  expect((await getGrant(holder, grantId)).findings).toHaveLength(2)
})
