import { stringify } from 'yaml'

/** What the configuration of the tests depends on: where the parts happen to be. */
export type Places = {
  publicUrl: string
  issuer: string
  clientId: string
  audience: string
  kubeconfig: string
  server: string
  auditTokenFile: string
}

/** More namespaces than the request form shows as checkboxes. */
export const teams = Array.from({ length: 20 }, (_, index) => `team-${String(index + 1).padStart(2, '0')}`)

const read = ['get', 'list', 'watch']

/** postern.yaml for the stories: the demo's company with times short enough to watch an end arrive. */
export const configurationText = (places: Places) =>
  stringify({
    publicUrl: places.publicUrl,
    identity: { issuer: places.issuer, clientId: places.clientId, apiAudience: places.audience, groupsClaim: 'groups' },
    roles: { auditor: { groups: ['security-audit'] }, admin: { groups: ['platform-admins'] } },
    clusters: [
      {
        name: 'prod-eu',
        labels: { environment: 'prod', region: 'eu' },
        kubeconfig: { file: places.kubeconfig },
        publicServer: places.server,
        audit: { tokenFile: places.auditTokenFile },
        people: { username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' },
      },
    ],
    // Nothing is pushed: the worker has no private key.
    notifications: { browser: { publicKey: `B${'a'.repeat(86)}`, contact: 'mailto:ops@example.com' } },
    entitlements: [
      {
        name: 'payments-restart',
        title: 'Restart payment services',
        who: { groups: ['payments-dev', 'payments-leads', 'platform-admins'] },
        clusters: ['prod-eu'],
        namespaces: ['payments', 'checkout*'],
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: [...read, 'patch'] }],
        duration: { default: 'PT30M', max: 'PT2H' },
        reason: { minLength: 10 },
        approvals: [{ groups: ['payments-leads'], count: 1 }],
      },
      {
        name: 'payments-look',
        title: 'Look at payment deployments',
        who: { groups: ['payments-dev'] },
        clusters: ['prod-eu'],
        namespaces: ['payments'],
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: read }],
        duration: { default: 'PT1M', max: 'PT2M' },
        reason: { minLength: 10 },
        approvals: [{ groups: ['payments-leads'], count: 1 }],
      },
      {
        name: 'payments-logs',
        title: 'Read payment logs',
        who: { groups: ['payments-dev'] },
        clusters: ['prod-eu'],
        namespaces: ['payments', 'checkout'],
        rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: read }],
        duration: { default: 'PT15M', max: 'PT1H' },
        approvals: [],
      },
      {
        // Only the test of bulk revocation requests this: what it ends is nobody else's.
        name: 'payments-events',
        title: 'Read payment events',
        who: { groups: ['payments-dev'] },
        clusters: ['prod-eu'],
        namespaces: ['payments'],
        rules: [{ apiGroups: [''], resources: ['events'], verbs: read }],
        duration: { default: 'PT15M', max: 'PT1H' },
        approvals: [],
      },
      {
        name: 'payments-secrets',
        title: 'Read payment secrets',
        who: { groups: ['payments-dev'] },
        clusters: ['prod-eu'],
        namespaces: ['payments'],
        rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['payments-db'] }],
        duration: { default: 'PT15M', max: 'PT30M' },
        reason: { minLength: 10 },
        ticket: { required: true, pattern: '^[A-Z]+-[0-9]+$' },
        approvals: [
          { groups: ['payments-leads'], count: 1 },
          { groups: ['sre'], count: 1 },
        ],
      },
      {
        name: 'team-debug',
        title: 'Debug team services',
        who: { groups: ['payments-dev'] },
        clusters: ['prod-eu'],
        namespaces: ['team-*'],
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: read }],
        duration: { default: 'PT15M', max: 'PT1H' },
        approvals: [{ groups: ['payments-leads'], count: 1 }],
      },
      {
        name: 'search-debug',
        title: 'Debug search',
        who: { groups: ['search-dev'] },
        clusters: ['prod-eu'],
        namespaces: ['search'],
        ceiling: [
          { apiGroups: [''], resources: ['pods', 'pods/log', 'services'], verbs: read },
          { apiGroups: ['apps'], resources: ['deployments'], verbs: [...read, 'patch'] },
        ],
        duration: { default: 'PT30M', max: 'PT4H' },
        approvals: [{ groups: ['sre'], count: 1 }],
      },
      {
        // Each way in which a step names people, and an escalation that happens at once.
        name: 'platform-repair',
        title: 'Repair payment deployments',
        who: { groups: ['sre'] },
        clusters: ['prod-eu'],
        namespaces: ['payments'],
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
        duration: { default: 'PT15M', max: 'PT1H' },
        approvals: [
          {
            groups: ['payments-leads'],
            onCall: 'payments',
            escalate: [
              { after: 'PT1S', to: { groups: ['platform-admins'] } },
              { after: 'PT8H', to: { groups: ['security-audit'] } },
            ],
          },
          { people: ['ola@example.com'] },
          { owners: true },
          { manager: true },
        ],
      },
      {
        name: 'platform-break-glass',
        title: 'Repair payment deployments in an emergency',
        who: { groups: ['sre'] },
        clusters: ['prod-eu'],
        namespaces: ['payments'],
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
        duration: { default: 'PT15M', max: 'PT30M' },
        approvals: [{ groups: ['platform-admins'] }],
        // Not an approver: auditors begin in the history.
        breakGlass: { usesPerWeek: 20, reviewWithin: 'P2D', security: ['security-audit'] },
      },
    ],
    rotas: [
      {
        name: 'payments',
        zone: 'Europe/Berlin',
        rotation: { people: ['priya@example.com', 'sam@example.com'], from: '2026-01-05T09:00', days: 7 },
      },
    ],
    owners: [{ namespaces: ['payments'], people: ['sam@example.com'] }],
    managers: [{ person: 'tomas@example.com', manager: 'ines@example.com' }],
    pending: { lapseAfter: 'PT24H' },
    // All stories share the same few people.
    limits: { openRequestsPerPerson: 1_000, liveGrantsPerPerson: 1_000, submissionsPerMinute: 1_000 },
    guardrails: [],
  })
