// Where a scanner and Postern disagree about what RBAC allows, the API server decides.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  grantRules,
  isAllowed,
  must,
  type Oracle,
  openOracle,
  untilApplied,
  untilAppliedInCluster,
} from '#lib/core/rbac/oracle.testing'
import { scannerChecks } from './scanner-checks.ts'

const name = `compared-${randomBytes(4).toString('hex')}`
const rbac = '/apis/rbac.authorization.k8s.io/v1'
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
/** PEM of a certificate request for CN=nobody, in base64. */
const pem =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlITE1ITUNBUUF3RVRFUE1BMEdBMVVFQXd3R2JtOWliMlI1TUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowRApBUWNEUWdBRVhlT0tDenMzNkdoTm1ZVVlXYXRkTTlPaVZFVkFqamtBNmRQTmdBZmRLcU9tSG41S1dHMi9rcG1rClBXMlBjc1ptMFlZd1NlVWNZUEsrQm9LVGViWVFuNkFBTUFvR0NDcUdTTTQ5QkFNQ0EwZ0FNRVVDSVFEZ2docG8KVEVsd3l6cll6aFZzOWFHK0J1ODJSMjR6WmxkVXo4MUxXQnNJYVFJZ1E2empPMXVwTC9kQm01d0ZoaU9lSnNjNwpkTHVKaEN3YW9OdTg1VTd5TXBrPQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K'
const user = (which: string) => ({ user: `${name}-${which}`, groups: [] })
const tried = new Set(scannerChecks.flatMap(({ check, isTried }) => (isTried ? [check] : [])))
const rulesOf = (check: string) => {
  tried.delete(check)
  return scannerChecks.find((one) => one.check === check)?.rules ?? []
}

let oracle: Oracle
beforeAll(async () => {
  oracle = await openOracle()
  await must(oracle.call('POST', '/api/v1/namespaces', { metadata: { name } }))
})
afterAll(async () => {
  for (const path of [
    `/api/v1/namespaces/${name}`,
    `${rbac}/clusterroles/${name}`,
    `${rbac}/clusterrolebindings/${name}`,
  ])
    await must(oracle.call('DELETE', path))
  await must(oracle.call('DELETE', `${requests}/${name}`))
  oracle.close()
})

const asked = { namespace: name, verb: 'create', group: '', resource: 'pods', subresource: 'exec', name: 'a' }

test('pods/* does not allow commands in pods', async () => {
  await grantRules(oracle, name, user('exec').user, rulesOf('C-0002, by `pods/*`'))
  await grantRules(oracle, name, user('really').user, [
    { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] },
  ])
  await untilApplied(oracle, name, `${name}-one`)
  expect(await isAllowed(oracle, user('exec').user, asked)).toBe(false)
  expect(await isAllowed(oracle, user('really').user, asked)).toBe(true)
})

test('a RoleBinding does not allow the impersonation of groups', async () => {
  await grantRules(oracle, name, user('groups').user, rulesOf('risky-impersonate-groups, in a Role'))
  await untilApplied(oracle, name, `${name}-two`)
  const question = {
    ...asked,
    namespace: '',
    verb: 'impersonate',
    resource: 'groups',
    subresource: '',
    name: 'system:masters',
  }
  expect(await isAllowed(oracle, user('groups').user, question)).toBe(false)
})

test('bind on bindings does not allow binding a role with more permissions', async () => {
  const group = 'rbac.authorization.k8s.io'
  const writes = { apiGroups: [group], resources: ['rolebindings'], verbs: ['create'] }
  await grantRules(oracle, name, user('binds').user, [...rulesOf('bind_roles, without writing bindings'), writes])
  const bindsRoles = { apiGroups: [group], resources: ['clusterroles'], verbs: ['bind'] }
  await grantRules(oracle, name, user('binds-roles').user, [bindsRoles, writes])
  await untilApplied(oracle, name, `${name}-three`)
  const bind = (which: string) =>
    oracle.call(
      'POST',
      `${rbac}/namespaces/${name}/rolebindings?dryRun=All`,
      {
        metadata: { name: which },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: group, kind: 'User', name: 'anyone' }],
      },
      user(which),
    )
  expect(await bind('binds')).toMatchObject({ status: 403 })
  expect(await bind('binds-roles')).toMatchObject({ status: 201 })
})

test('no one approves a certificate request without approve for its signer', async () => {
  const group = 'rbac.authorization.k8s.io'
  const rules = [...rulesOf('C-0280'), ...rulesOf('restrict-clusterrole-csr, approval')]
  await must(oracle.call('POST', `${rbac}/clusterroles`, { metadata: { name }, rules }))
  await must(
    oracle.call('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: group, kind: 'User', name: user('approves').user }],
    }),
  )
  await untilAppliedInCluster(oracle, `${name}-sentinel`)
  const request = await must(
    oracle.call('POST', requests, {
      metadata: { name },
      spec: { request: pem, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
    }),
  )
  const condition = { type: 'Approved', status: 'True', reason: 'test', message: 'test' }
  const path = `${requests}/${name}/approval?dryRun=All`
  const approve = (as?: ReturnType<typeof user>) =>
    oracle.call('PUT', path, { ...request, status: { conditions: [condition] } }, as)
  expect(await approve(user('approves'))).toMatchObject({
    status: 403,
    body: { message: expect.stringContaining('not permitted to approve requests with signerName') },
  })
  expect(await approve()).toMatchObject({ status: 200 })
})

test('every case that the page says is tried on the API server is tried here', () => {
  expect([...tried]).toEqual([])
})
