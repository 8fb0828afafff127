// The postern.yaml of the small company that the demo, the tests and the screenshots share. Its people are in
// identity-people.ts; the access they have without Postern is in world.yaml.
import { cliClient } from './identity-clients.ts'

const members = (...groups: string[]) => ({ groups })
const ticket = { required: false, pattern: '^[A-Z]+-[0-9]+$' }

/** The entitlement that most examples use: fixed rules, two namespace patterns, approved by one lead. */
export const paymentsRestart = () => ({
  name: 'payments-restart',
  title: 'Restart payment services',
  who: members('payments-dev', 'sre'),
  clusters: ['prod-eu'],
  namespaces: ['payments', 'checkout*'],
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] }],
  duration: { default: 'PT30M', max: 'PT2H' },
  reason: { minLength: 10 },
  ticket,
  approvals: [{ groups: ['payments-leads'], count: 1 }],
})

/** One entitlement of each kind: fixed rules, no approval, two approval steps, a ceiling, a vetted ClusterRole. */
const entitlements = () => [
  paymentsRestart(),
  {
    name: 'payments-logs',
    title: 'Read logs of payment services',
    who: members('payments-dev', 'sre'),
    clusters: ['prod-eu'],
    namespaces: ['payments', 'checkout*'],
    rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] }],
    duration: { default: 'PT1H', max: 'PT4H' },
    reason: { minLength: 10 },
    approvals: [],
  },
  {
    name: 'payments-secrets',
    title: 'Read secrets of payment services',
    who: members('payments-dev'),
    clusters: ['prod-eu'],
    namespaces: ['payments'],
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] }],
    duration: { default: 'PT15M', max: 'PT30M' },
    reason: { minLength: 20 },
    ticket: { ...ticket, required: true },
    approvals: [
      { groups: ['payments-leads'], count: 1 },
      { groups: ['sre'], count: 1 },
    ],
  },
  {
    name: 'payments-shell',
    title: 'Open a shell in payment services',
    who: members('payments-dev', 'sre'),
    clusters: ['prod-eu'],
    namespaces: ['payments'],
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
    ],
    duration: { default: 'PT15M', max: 'PT4H' },
    reason: { minLength: 20 },
    approvals: [{ groups: ['payments-leads'], count: 1 }],
  },
  {
    name: 'search-debug',
    title: 'Debug search',
    who: members('search-dev'),
    clusters: ['prod-eu'],
    namespaces: ['search'],
    ceiling: [
      {
        apiGroups: ['', 'apps'],
        resources: ['pods', 'pods/log', 'configmaps', 'deployments'],
        verbs: ['get', 'list', 'watch', 'patch', 'delete'],
      },
    ],
    duration: { default: 'PT30M', max: 'PT2H' },
    reason: { minLength: 10 },
    approvals: [{ groups: ['sre'], count: 1 }],
  },
  {
    name: 'cluster-view',
    title: 'Read-only access',
    who: members('payments-dev', 'search-dev', 'sre'),
    clusters: ['prod-eu'],
    namespaceSelector: { environment: 'prod' },
    clusterRole: 'view',
    duration: { default: 'PT1H', max: 'PT8H' },
    reason: { minLength: 10 },
    approvals: [{ groups: ['sre', 'payments-leads'], count: 1 }],
  },
]

/** How the bindings in world.yaml name people. */
export const companyPeople = () => ({ username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' })

export type CompanyFacts = {
  publicUrl: string
  identity: { issuer: string; clientId: string; apiAudience: string }
  /** Postern's own kubeconfig, and the server address for people's kubeconfigs. */
  cluster: { kubeconfig: { file: string }; publicServer: string; audit?: { tokenFile: string } }
}

/** The company's postern.yaml without guardrails, with the addresses and credentials of this machine. */
export const companyConfiguration = ({ publicUrl, identity, cluster }: CompanyFacts) => ({
  publicUrl,
  identity: { ...identity, groupsClaim: 'groups', cli: cliClient },
  roles: { auditor: members('security-audit'), admin: members('platform-admins') },
  clusters: [{ name: 'prod-eu', labels: { environment: 'prod', region: 'eu' }, ...cluster, people: companyPeople() }],
  entitlements: entitlements(),
  pending: { lapseAfter: 'PT24H' },
})
