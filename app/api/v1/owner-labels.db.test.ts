import { afterAll, beforeEach, expect, test } from 'vitest'
import { claimRightsRead, saveRights } from '#lib/adapters/db/clusters/cluster-rights'
import type { Subject } from '#lib/core/rbac/cluster-objects'
import { expectProblem } from '#testing/call-route'
import { anEntitlementDocument } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { aClusterState } from '#testing/requests'
import { approvalCalls } from './approvals.testing.ts'

// Owners by the label `team` of the namespace. Mina requests; Tomas approves for the team `pay` only.

const needing = (name: string, approvals: object[]) =>
  anEntitlementDocument({ name, approvals, namespaces: ['payments', 'search'] })
const entitlements = [
  needing('by-owner', [{ owners: true }]),
  needing('by-owner-or-group', [{ owners: true, groups: ['payments-leads'] }]),
]
const ownerLabels = [
  {
    ...{ label: 'team', setBy: { groups: ['oidc:platform'] } },
    values: { pay: { people: ['tomas@example.com'] }, minas: { people: ['mina@example.com'] } },
  },
]
const database = await testDatabase()
const identity = await testIdentity({ entitlements, ownerLabels })
const { post, submit, read, approve, inboxOf } = approvalCalls(identity)
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const labelled = (team: string) =>
  aClusterState({ namespaces: ['payments', 'search'].map((name) => ({ name, labels: { team } })) })

/** What the worker read: these subjects may patch namespaces. */
async function whoLabels(subjects: Subject[]) {
  await database.asOwner(`DELETE FROM cluster_rights`)
  await claimRightsRead('prod-eu')
  const rules = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['patch'] }]
  const objects = {
    ...{ roles: [], roleBindings: [], clusterRoles: [{ metadata: { name: 'labels' }, rules }] },
    clusterRoleBindings: [{ metadata: { name: 'labels' }, roleRef: { kind: 'ClusterRole', name: 'labels' }, subjects }],
  }
  await saveRights('prod-eu', { objects, served: null, serviceAccounts: null }, new Date(), 60)
}
beforeEach(async () => {
  await labelled('pay')
  await whoLabels([{ kind: 'Group', name: 'oidc:platform' }])
})

async function refusedBecause(why: string) {
  const refused = await post('by-owner', ['payments'])
  expectProblem(refused, 422, 'guardrail-violation')
  expect(JSON.stringify(refused.body.errors)).toContain(why)
  const other = await submit('by-owner-or-group')
  expect((await read(other.id, 'mina')).body.steps).toMatchObject([
    { groups: ['payments-leads'], unknown: [expect.stringContaining('an owner of payments')] },
  ])
  expect(await inboxOf('tomas')).not.toContain(other.id)
}

test('the owner whom the label selects has the request in their inbox and approves it', async () => {
  const request = await submit('by-owner')
  expect(await inboxOf('tomas')).toContain(request.id)
  expectProblem(await read(request.id, 'jonas'), 404, 'not-found')
  expect((await approve(request, 'tomas')).body.status).toBe('approved')
})

test('a label that its requester can set, by name or by group, selects no owner for them', async () => {
  for (const subject of [
    { kind: 'User', name: 'oidc:mina@example.com' },
    { kind: 'Group', name: 'oidc:payments-dev' },
    { kind: 'Group', name: 'system:authenticated' },
  ]) {
    await whoLabels([subject])
    await refusedBecause('the requester can set its label')
  }
})

test('a label selects no owner while it is not known who can set it', async () => {
  await database.asOwner(`DELETE FROM cluster_rights`)
  await refusedBecause('whether the requester can set its label is not known')
})

test('a label with the requester’s own name, or with one that the configuration does not list, selects no owner', async () => {
  for (const team of ['minas', 'payments-leads', 'friends']) {
    await labelled(team)
    await refusedBecause('an owner of payments')
  }
})

test('a label that changes after the submission adds no approver, and one that is listed no more removes one at once', async () => {
  await labelled('minas')
  const request = await submit('by-owner-or-group')
  await labelled('pay')
  expectProblem(await approve(request, 'tomas'), 404, 'not-found')
  const owned = await submit('by-owner')
  await identity.change({
    entitlements,
    ownerLabels: [{ ...ownerLabels[0], values: { other: { people: ['tomas@example.com'] } } }],
  })
  expectProblem(await approve(owned, 'tomas'), 403, 'forbidden')
  await identity.change({ entitlements, ownerLabels })
})
