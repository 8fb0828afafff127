import type { PastRequest } from '#lib/core/guardrails/replay/past-request'
import { anEntitlement } from '#testing/configuration'

/** A past request without recorded facts. */
export function aPastRequest(overrides: Partial<PastRequest> = {}): PastRequest {
  const entitlement = anEntitlement()
  return {
    at: new Date('2026-11-23T09:00:00Z'),
    entitlementName: entitlement.name,
    entitlement,
    cluster: 'prod-eu',
    namespaces: ['payments'],
    chosen: null,
    granted: entitlement.rules ?? null,
    durationSeconds: 1800,
    reason: 'the checkout pods hang since the last deploy',
    ticket: null,
    startsAt: null,
    subject: 'alice',
    facts: null,
    difference: null,
    clusterLabels: {},
    mayKnowRequester: true,
    recorded: { kind: 'refused', violations: [], matched: [] },
    ...overrides,
  }
}
