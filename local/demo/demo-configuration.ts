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
        // As the bindings in world.yaml name them.
        people: { username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' },
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
        name: 'payments-shell',
        title: 'Open a shell in payment services',
        who: { groups: ['payments-dev', 'sre'] },
        clusters,
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
    guardrailPack: {
      'exec-only-with-ticket': { pattern: '^[A-Z]+-[0-9]+$' },
      'longest-duration': { max: { prod: 'PT2H' } },
      'high-risk-two-approvers': true,
    },
    guardrails: [
      {
        name: 'secrets-one-by-one',
        description: 'Listing shows every secret of the namespace.',
        when: "rules.exists(r, 'secrets' in r.resources && r.verbs.exists(v, v in ['list', 'watch', '*']))",
        effect: 'warn',
        message: 'This shows every secret of the namespace. Could it be one, by its name?',
      },
      {
        name: 'nothing-new',
        description: 'A grant should add something to what the requester can do already.',
        when: 'difference.known && difference.added.size() == 0',
        effect: 'warn',
        message: 'All of this is possible for the requester already, without Postern.',
      },
      {
        name: 'new-deletes-need-a-ticket',
        description: 'Whoever comes to delete what they could not delete before says for which ticket.',
        when: "difference.known && difference.added.exists(a, a.verb in ['delete', 'deletecollection'])",
        effect: 'require',
        require: { ticket: { pattern: '^[A-Z]+-[0-9]+$' } },
      },
      {
        // The only one that looks at the clock, on what the story does not ask for: the demo plays at any time of day.
        name: 'shell-in-office-hours',
        description: 'A shell is opened while somebody who knows payments is awake.',
        match: { entitlements: ['payments-shell'] },
        effect: 'limit',
        limit: { windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '08:00', to: '18:00' }] },
      },
    ],
  })
}
