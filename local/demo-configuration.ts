import { stringify } from 'yaml'

export type DemoFacts = {
  publicUrl: string
  issuer: string
  clientId: string
  audience: string
  /** Postern's own way into the cluster. */
  kubeconfig: string
  clusterName: string
  /** The address that goes into people's kubeconfigs. */
  publicServer: string
  /** ISO 8601; how long a request may wait for an answer. */
  lapseAfter: string
}

/** The text of postern.yaml for the demo's company: who may ask for what, and who answers. */
export function demoConfiguration(facts: DemoFacts): string {
  const clusters = [facts.clusterName]
  const ticket = { required: false, pattern: '^[A-Z]+-[0-9]+$' }
  return stringify({
    publicUrl: facts.publicUrl,
    identity: {
      issuer: facts.issuer,
      clientId: facts.clientId,
      apiAudience: facts.audience,
      groupsClaim: 'groups',
    },
    roles: { auditor: { groups: ['security-audit'] }, admin: { groups: ['platform-admins'] } },
    clusters: [
      {
        name: facts.clusterName,
        labels: { environment: 'prod', region: 'eu' },
        kubeconfig: { file: facts.kubeconfig },
        publicServer: facts.publicServer,
      },
    ],
    entitlements: [
      {
        name: 'payments-restart',
        title: 'Restart payment services',
        who: { groups: ['payments-dev', 'sre'] },
        clusters,
        namespaces: ['payments', 'checkout*'],
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] }],
        duration: { default: 'PT30M', max: 'PT2H' },
        reason: { minLength: 10 },
        ticket,
        approvals: [{ groups: ['payments-leads'], count: 1 }],
      },
      {
        name: 'payments-logs',
        title: 'Read logs of payment services',
        who: { groups: ['payments-dev', 'sre'] },
        clusters,
        namespaces: ['payments', 'checkout*'],
        rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] }],
        duration: { default: 'PT1H', max: 'PT4H' },
        reason: { minLength: 10 },
        approvals: [],
      },
      {
        name: 'payments-secrets',
        title: 'Read secrets of payment services',
        who: { groups: ['payments-dev'] },
        clusters,
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
        name: 'search-debug',
        title: 'Debug search',
        who: { groups: ['search-dev'] },
        clusters,
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
        title: 'Look around',
        who: { groups: ['payments-dev', 'search-dev', 'sre'] },
        clusters,
        namespaceSelector: { environment: 'prod' },
        clusterRole: 'view',
        duration: { default: 'PT1H', max: 'PT8H' },
        reason: { minLength: 10 },
        approvals: [{ groups: ['sre', 'payments-leads'], count: 1 }],
      },
    ],
    pending: { lapseAfter: facts.lapseAfter },
    guardrails: [],
  })
}
