import { type Entitlement, entitlementSchema } from '#lib/core/access/entitlement'

/** A configuration as it is written in postern.yaml: plain JSON, durations as ISO 8601. */
export type ConfigurationDocument = {
  publicUrl: string
  identity: Record<string, unknown>
  roles: Record<string, unknown>
  clusters: Array<Record<string, unknown> & { name: string }>
  entitlements: Array<Record<string, unknown> & { name: string }>
  pending: { lapseAfter: string }
  trustedProxies?: number
  openAddresses?: string[] | undefined
  guardrailPack?: Record<string, unknown>
  guardrails: Array<Record<string, unknown> & { name: string }>
}

type EntitlementDocument = ConfigurationDocument['entitlements'][number]

/** An entitlement as written in postern.yaml: read and restart deployments in two places, one lead's word. */
export const anEntitlementDocument = (overrides: Record<string, unknown> = {}): EntitlementDocument => ({
  name: 'payments-restart',
  title: 'Restart payment services',
  who: { groups: ['payments-dev', 'sre'] },
  clusters: ['prod-eu'],
  namespaces: ['payments', 'checkout*'],
  ...(overrides.ceiling || overrides.clusterRole
    ? {}
    : {
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] }],
      }),
  duration: { default: 'PT30M', max: 'PT2H' },
  reason: { minLength: 10 },
  approvals: [{ groups: ['payments-leads'], count: 1 }],
  ...overrides,
})

/** The same, parsed: what the program works with. */
export const anEntitlement = (overrides: Record<string, unknown> = {}): Entitlement =>
  entitlementSchema.parse(anEntitlementDocument(overrides))

/** One of each kind: fixed rules, automatic, two steps, a ceiling, a vetted ClusterRole. */
const entitlements = (): EntitlementDocument[] => [
  anEntitlementDocument(),
  anEntitlementDocument({
    name: 'payments-logs',
    title: 'Read logs of payment services',
    rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] }],
    approvals: [],
  }),
  anEntitlementDocument({
    name: 'payments-secrets',
    title: 'Read secrets of payment services',
    namespaces: ['payments'],
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }],
    ticket: { required: true, pattern: '^[A-Z]+-[0-9]+$' },
    approvals: [
      { groups: ['payments-leads'], count: 1 },
      { groups: ['sre'], count: 1 },
    ],
  }),
  anEntitlementDocument({
    name: 'search-debug',
    title: 'Debug search',
    who: { groups: ['search-dev'] },
    namespaces: ['search'],
    ceiling: [
      { apiGroups: [''], resources: ['pods', 'pods/log', 'configmaps'], verbs: ['get', 'list', 'watch', 'delete'] },
    ],
    approvals: [{ groups: ['sre'], count: 1 }],
  }),
  anEntitlementDocument({
    name: 'cluster-view',
    title: 'Look around',
    who: { groups: ['payments-dev', 'search-dev'] },
    namespaces: undefined,
    namespaceSelector: { environment: 'prod' },
    clusterRole: 'view',
    approvals: [{ groups: ['sre'], count: 1 }],
  }),
]

/** The configuration of the demo's small company (one cluster, five entitlements). */
export const aConfiguration = (overrides: Partial<ConfigurationDocument> = {}): ConfigurationDocument => ({
  publicUrl: 'http://localhost:3000',
  identity: {
    issuer: 'http://127.0.0.1:4300',
    clientId: 'postern',
    apiAudience: 'postern-api',
    groupsClaim: 'groups',
  },
  roles: { auditor: { groups: ['security-audit'] }, admin: { groups: ['platform-admins'] } },
  clusters: [
    {
      name: 'prod-eu',
      labels: { environment: 'prod', region: 'eu' },
      kubeconfig: { file: '/etc/postern/prod-eu.kubeconfig' },
      publicServer: 'https://prod-eu.example.com:6443',
    },
  ],
  entitlements: entitlements(),
  pending: { lapseAfter: 'PT24H' },
  guardrails: [],
  ...overrides,
})
