import { randomUUID } from 'node:crypto'
import { userName } from '#lib/core/grants/names'

// Audit events as an API server sends them.

type AuditEvent = Record<string, unknown>

/** A time of an API server, with microseconds. */
export const microTime = (date = new Date()): string => date.toISOString().replace('Z', '000Z')

/** An event of a finished call: someone lists pods, unless `overrides` says otherwise. */
export function anAuditEvent(overrides: AuditEvent = {}): AuditEvent {
  const at = microTime()
  return {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Metadata', auditID: randomUUID() },
    ...{ stage: 'ResponseComplete', requestURI: '/api/v1/namespaces/payments/pods?limit=500', verb: 'list' },
    user: { username: 'someone@example.com', groups: ['system:authenticated'] },
    sourceIPs: ['192.0.2.30'],
    userAgent: 'kubectl/v1.37.2 (linux/amd64) kubernetes/1a2b3c4',
    objectRef: { resource: 'pods', namespace: 'payments', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
    annotations: { 'authorization.k8s.io/decision': 'allow' },
    ...overrides,
  }
}

/** The user of a grant's own token, as the API server names it. */
export const userOfGrant = (grantId: string, jti: string | null) => ({
  username: userName(grantId),
  groups: ['system:serviceaccounts', 'system:serviceaccounts:postern-grants', 'system:authenticated'],
  ...(jti === null ? {} : { extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] } }),
})

export const anEventList = (...items: unknown[]) => ({
  kind: 'EventList',
  apiVersion: 'audit.k8s.io/v1',
  metadata: {},
  items,
})
