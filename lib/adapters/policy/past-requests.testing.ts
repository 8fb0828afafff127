import type { PastRequest } from '#lib/core/guardrails/replay/past-request'
import { anEntitlement } from '#testing/configuration'

/** Something that was asked for, without anything that is known of it besides. */
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
    said: { kind: 'refused', violations: [], matched: [] },
    ...overrides,
  }
}
