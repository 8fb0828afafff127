import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import type { Page } from '#lib/core/access/page'
import type { RequestResource, RequestSummary } from '#lib/core/access/request-resource'
import { expect, test } from './fixtures.ts'
import { approve, aRequestBody, credentialFor, grantOf, submit } from './grants.ts'

test('kubectl can do exactly what was approved, and nothing after the revocation', async ({ api, kubectlWith }) => {
  const [mina, priya] = await Promise.all([api('mina'), api('priya')])
  const request = await submit(mina)
  expect((await approve(priya, request)).status).toBe(201)
  const grant = await grantOf(mina, request.id, 'active')
  expect(grant.allowedProbes?.results.every((probe) => probe.allowed)).toBe(true)

  const credential = await credentialFor(mina, grant.id)
  const kubectl = kubectlWith(credential.kubeconfig)
  expect((await kubectl('rollout', 'restart', 'deployment/payments-api')).stdout).toContain('restarted')
  expect((await kubectl('get', 'secrets')).stderr).toContain('Forbidden')
  expect((await kubectl('get', 'deployments', '-n', 'search')).stderr).toContain('Forbidden')

  expect((await priya('POST', `/grants/${grant.id}/revoke`, { reason: 'enough now' })).status).toBe(200)
  const ended = await grantOf(mina, request.id, 'ended')
  expect(ended).toMatchObject({ endedBy: 'revocation', endNote: 'enough now' })
  expect(ended.deniedProbes?.results.some((probe) => probe.allowed)).toBe(false)
  expect(ended.objects.every((object) => object.removedAt)).toBe(true)
  expect((await kubectl('get', 'deployments')).code).not.toBe(0)
  expect((await mina<{ code: string }>('POST', `/grants/${grant.id}/credentials`)).body.code).toBe('conflict')
})

test('an approver cannot decide their own request', async ({ api }) => {
  const priya = await api('priya')
  const request = await submit(priya)
  const refused = await approve(priya, request)
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden'])
  const events = await priya<Page<AuditEventResource>>(
    'GET',
    `/audit-events?request=${request.id}&type=decision.refused`,
  )
  expect(events.body.items).toHaveLength(1)
  expect((await priya<RequestResource>('GET', `/requests/${request.id}`)).body.status).toBe('pending')
})

test('an approver of another team gets the same answer as for a request that does not exist', async ({ api }) => {
  const [mina, tomas] = await Promise.all([api('mina'), api('tomas')])
  const request = await submit(mina)
  const missing = `${request.id.slice(0, -4)}0000`
  const [hidden, absent] = await Promise.all([
    tomas('GET', `/requests/${request.id}`),
    tomas('GET', `/requests/${missing}`),
  ])
  const withoutReference = (body: object) => ({ ...body, reference: '', instance: '' })
  expect(hidden.status).toBe(404)
  expect(withoutReference(hidden.body)).toEqual(withoutReference(absent.body))
  expect((await approve(tomas, request)).status).toBe(404)
  const inbox = await tomas<Page<RequestSummary>>('GET', '/requests?role=inbox')
  expect(inbox.body.items.map((item) => item.id)).not.toContain(request.id)
})

test('two approval steps need two people, and a required ticket cannot be left out', async ({ api, kubectlWith }) => {
  const [mina, priya, sam, tomas] = await Promise.all([api('mina'), api('priya'), api('sam'), api('tomas')])
  const body = aRequestBody({ entitlement: 'payments-secrets', duration: 'PT15M' })
  const refused = await mina<{ errors: { pointer: string }[] }>('POST', '/requests', body)
  expect(refused.status).toBe(422)
  expect(refused.body.errors.map((error) => error.pointer)).toContain('/ticket')

  const request = await submit(mina, { entitlement: 'payments-secrets', duration: 'PT15M', ticket: 'PAY-1201' })
  expect((await approve(priya, request)).status).toBe(201)
  expect((await approve(sam, request)).status, 'the step of payments-leads is complete').not.toBe(500)
  expect((await mina<RequestResource>('GET', `/requests/${request.id}`)).body.status).toBe('pending')
  expect((await approve(tomas, request)).status).toBe(201)
  const grant = await grantOf(mina, request.id, 'active')
  const kubectl = kubectlWith((await credentialFor(mina, grant.id)).kubeconfig)
  expect((await kubectl('get', 'secret', 'payments-db', '-o', 'name')).stdout).toContain('secret/payments-db')
  expect((await kubectl('get', 'secrets')).stderr).toContain('Forbidden')
})

test('repeating an Idempotency-Key returns the same request, and another body with it is refused', async ({ api }) => {
  const mina = await api('mina')
  const key = { 'idempotency-key': crypto.randomUUID() }
  const [first, second] = await Promise.all([
    mina<{ id: string }>('POST', '/requests', aRequestBody(), key),
    mina<{ id: string }>('POST', '/requests', aRequestBody(), key),
  ])
  expect([first.status, second.status]).toEqual([201, 201])
  expect(second.body.id).toBe(first.body.id)
  const other = await mina<{ code: string }>('POST', '/requests', aRequestBody({ duration: 'PT10M' }), key)
  expect([other.status, other.body.code]).toEqual([409, 'idempotency-mismatch'])
})

test('an automatic entitlement becomes active without approval in several namespaces, and its holder can release it', async ({
  api,
  kubectlWith,
}) => {
  const mina = await api('mina')
  const request = await submit(mina, { entitlement: 'payments-logs', namespaces: ['payments', 'checkout'] })
  const grant = await grantOf(mina, request.id, 'active')
  const kubectl = kubectlWith((await credentialFor(mina, grant.id)).kubeconfig)
  expect((await kubectl('get', 'pods', '-n', 'checkout')).code).toBe(0)
  expect((await mina('POST', `/grants/${grant.id}/release`)).status).toBe(200)
  expect((await grantOf(mina, request.id, 'ended')).endedBy).toBe('release')
  expect((await kubectl('get', 'pods', '-n', 'checkout')).code).not.toBe(0)
})

test('an auditor can read every request and change none', async ({ api }) => {
  const [mina, ines] = await Promise.all([api('mina'), api('ines')])
  const request = await submit(mina)
  expect((await ines('GET', `/requests/${request.id}`)).status).toBe(200)
  expect((await approve(ines, request)).status).toBe(403)
  expect((await ines('POST', `/requests/${request.id}/withdraw`)).status).toBe(403)
  const events = await ines<Page<AuditEventResource>>('GET', `/audit-events?request=${request.id}`)
  expect(events.body.items.map((event) => event.type)).toContain('request.submitted')
  expect((await mina('POST', `/requests/${request.id}/withdraw`)).status).toBe(200)
})
