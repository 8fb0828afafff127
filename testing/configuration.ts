import { type Entitlement, entitlementSchema } from '#lib/core/access/entitlement'
import { companyConfiguration } from '#local/parts/company'

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

/** The configuration of the demo's company, with nothing behind it: its one cluster and its identity provider answer to no one. */
export const aConfiguration = (overrides: Partial<ConfigurationDocument> = {}): ConfigurationDocument => ({
  ...companyConfiguration({
    publicUrl: 'http://localhost:3000',
    identity: { issuer: 'http://127.0.0.1:4300', clientId: 'postern', apiAudience: 'postern-api' },
    cluster: {
      kubeconfig: { file: '/etc/postern/prod-eu.kubeconfig' },
      publicServer: 'https://prod-eu.example.com:6443',
    },
  }),
  guardrails: [],
  ...overrides,
})
