import { anAuditEvent, anEventList, microTime } from '#testing/audit-events'
import { expect } from './fixtures.ts'
import type { Stage } from './stage.ts'

// Audit events, sent as the API server of prod-eu would send them.

/** Someone reads a secret. */
export function aSecretRead({
  code,
  account = 'mallory@example.com',
  at = new Date(),
}: {
  code: number
  account?: string
  at?: Date
}) {
  const times = { requestReceivedTimestamp: microTime(at), stageTimestamp: microTime(at) }
  return anAuditEvent({
    ...{ ...times, verb: 'get', user: { username: account, groups: [] }, responseStatus: { code } },
    objectRef: { resource: 'secrets', namespace: 'payments', name: 'database' },
  })
}

/** @param importId the import that brings them; otherwise as the webhook sends them */
export async function reportCalls({ url, auditToken }: Stage, events: unknown[], importId?: string): Promise<void> {
  const query = importId === undefined ? '' : `?import=${importId}`
  const response = await fetch(`${url}/api/v1/clusters/prod-eu/audit${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${auditToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(anEventList(...events)),
  })
  expect(response.status).toBe(200)
}
