import { type Entitlement, entitlementSchema } from '#lib/core/access/entitlement'
import { companyConfiguration, paymentsRestart } from '#local/parts/company'

/** A configuration as it is written in postern.yaml: plain JSON, durations as ISO 8601. */
export type ConfigurationDocument = {
  publicUrl: string
  identity: Record<string, unknown>
  roles: Record<string, unknown>
  clusters: Array<Record<string, unknown> & { name: string }>
  entitlements: Array<Record<string, unknown> & { name: string }>
  pending: { lapseAfter: string }
  limits?: Record<string, number>
  trustedProxies?: number
  openAddresses?: string[] | undefined
  notifications?: Record<string, object>
  guardrailPack?: Record<string, unknown>
  guardrails: Array<Record<string, unknown> & { name: string }>
  risks?: object[]
  rotas?: object[]
  log?: { anchors?: object[]; syslog?: object[] }
  owners?: object[]
  ownerLabels?: object[]
  managers?: object[]
}

type EntitlementDocument = ConfigurationDocument['entitlements'][number]

/** An entitlement as it is written in postern.yaml: the company's `payments-restart`, except for `overrides`. */
export function anEntitlementDocument(overrides: Record<string, unknown> = {}): EntitlementDocument {
  const { rules, ...rest } = paymentsRestart()
  return { ...rest, ...(overrides.ceiling || overrides.clusterRole ? {} : { rules }), ...overrides }
}

/** The same, parsed: what the program works with. */
export const anEntitlement = (overrides: Record<string, unknown> = {}): Entitlement =>
  entitlementSchema.parse(anEntitlementDocument(overrides))

/** A guardrail as it is written in postern.yaml; without `when` and `match` it matches every request. */
export const aGuardrail = (overrides: object = {}): ConfigurationDocument['guardrails'][number] => ({
  name: 'calm',
  description: 'Calm is kept.',
  ...overrides,
})

/** The configuration of the demo's company. Nothing listens at the addresses it names. */
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
  // Many tests share one person.
  limits: { openRequestsPerPerson: 10_000, liveGrantsPerPerson: 10_000, submissionsPerMinute: 10_000 },
  ...overrides,
})
