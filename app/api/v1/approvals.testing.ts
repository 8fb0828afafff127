import { beforeAll } from 'vitest'
import { endpoints } from '#lib/api/endpoints'
import { callRoute, expectSuccess } from '#testing/call-route'
import type { TestIdentity } from '#testing/identity'
import { aClusterState, aSubmission } from '#testing/requests'
import * as decisionsDoor from './requests/[id]/decisions/route.ts'
import * as requestDoor from './requests/[id]/route.ts'
import * as listDoor from './requests/route.ts'

const path = '/api/v1/requests'

/** Calls of Mina, Jonas, Priya and Tomas, whom Postern knows before the first test. Mina requests. */
export function approvalCalls(identity: TestIdentity) {
  const tokens: Record<string, string> = {}
  const as = (person: string) => ({ token: tokens[person] ?? '' })
  beforeAll(async () => {
    await aClusterState()
    for (const person of ['mina', 'jonas', 'priya', 'tomas']) tokens[person] = await identity.token(person)
    // Postern knows people from their first call on.
    for (const token of Object.values(tokens)) await callRoute(listDoor, { token, path })
  })

  const post = (entitlement: string, namespaces: string[], person = 'mina') => {
    const { durationSeconds: _, ...submission } = aSubmission()
    const body = { ...submission, entitlement, namespaces, duration: 'PT15M' }
    return callRoute(listDoor, { ...as(person), method: 'POST', path, body })
  }
  return {
    post,
    async submit(entitlement: string, namespaces = ['payments']) {
      const submitted = await post(entitlement, namespaces)
      expectSuccess(submitted, endpoints.submitRequest)
      return submitted.body as { id: string; digest: string }
    },
    read: (id: string, person: string) =>
      callRoute(requestDoor, { ...as(person), path: `${path}/${id}`, params: { id } }),
    approve: ({ id, digest }: { id: string; digest: string }, person: string) =>
      callRoute(decisionsDoor, {
        ...{ ...as(person), method: 'POST', path: `${path}/${id}/decisions`, params: { id } },
        body: { decision: 'approve', digest },
      }),
    async inboxOf(person: string): Promise<string[]> {
      const { body } = await callRoute(listDoor, { ...as(person), path: `${path}?role=inbox` })
      return body.items.map(({ id }: { id: string }) => id)
    },
  }
}
