import type { IssuedCredential } from '#lib/core/access/credential-resource'
import type { GrantResource } from '#lib/core/access/grant-resource'
import type { RequestResource } from '#lib/core/access/request-resource'
import { type Api, expect } from './fixtures.ts'

/** A body for POST /requests that the test configuration accepts from Mina. */
export const aRequestBody = (over: Record<string, unknown> = {}) => ({
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'Payments hang since the last release',
  duration: 'PT30M',
  ...over,
})

export type Submitted = Pick<RequestResource, 'id' | 'digest'>

/** Submits a request and returns what the API answers. */
export async function post(api: Api, over: Record<string, unknown> = {}): Promise<Submitted> {
  const submitted = await api<Submitted>('POST', '/requests', aRequestBody(over))
  expect(submitted.status, JSON.stringify(submitted.body)).toBe(201)
  return submitted.body
}

/** Submits a request and returns it as its requester reads it. */
export async function submit(api: Api, over: Record<string, unknown> = {}): Promise<RequestResource> {
  const { id } = await post(api, over)
  return (await api<RequestResource>('GET', `/requests/${id}`)).body
}

export const approve = (
  api: Api,
  request: Pick<RequestResource, 'id' | 'digest'>,
  over: Record<string, unknown> = {},
) =>
  api<RequestResource & { code?: string }>('POST', `/requests/${request.id}/decisions`, {
    decision: 'approve',
    digest: request.digest,
    ...over,
  })

/** Reads the request's grant until it has one of these statuses, for at most 20 s. */
export async function grantOf(
  api: Api,
  requestId: string,
  ...statuses: GrantResource['status'][]
): Promise<GrantResource> {
  let grant: GrantResource | null = null
  await expect
    .poll(
      async () => {
        grant = (await api<RequestResource>('GET', `/requests/${requestId}`)).body.grant
        return grant?.status
      },
      { timeout: 60_000, intervals: [100], message: `the grant of ${requestId} to be ${statuses.join(' or ')}` },
    )
    .toMatch(new RegExp(`^(${statuses.join('|')})$`))
  if (!grant) throw new Error('the request has no grant')
  return grant
}

export async function credentialFor(api: Api, grantId: string): Promise<IssuedCredential> {
  const issued = await api<IssuedCredential>('POST', `/grants/${grantId}/credentials`)
  expect(issued.status, JSON.stringify(issued.body)).toBe(201)
  return issued.body
}
