// The facts of a harmless request, which tests change.
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'

/** A Monday, ten in the morning in Berlin. */
export const monday = new Date('2026-11-23T09:00:00Z')

export function someFacts(
  changes: Partial<Omit<PolicyFacts, 'submission'>> & { submission?: Partial<PolicyFacts['submission']> } = {},
): PolicyFacts {
  return {
    entitlement: { name: 'payments-restart', approvals: [{ groups: ['payments-leads'], count: 1 }] },
    requester: { subject: 'alice', email: 'alice@example.com', groups: ['payments-dev'] },
    cluster: {
      name: 'prod-eu',
      labels: { environment: 'prod', region: 'eu' },
      namespaces: [
        { name: 'payments', labels: { team: 'payments' } },
        { name: 'checkout', labels: { team: 'checkout' } },
      ],
    },
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
    risks: [],
    difference: [],
    ...changes,
    submission: {
      namespaces: ['payments'],
      reason: 'The payment service is stuck after the deployment',
      durationSeconds: 1800,
      ...changes.submission,
    },
  }
}
