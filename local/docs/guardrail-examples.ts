// Policies that people ask for, for docs/guardrails.md. Each has test cases, which its test runs.
import type { GuardrailInput } from '#lib/core/guardrails/configured/schema'
import type { PolicyCase } from '#lib/core/guardrails/pack/case'

export type GuardrailExample = {
  title: string
  /** How it works, and what it does not do. */
  text: string
  guardrails: GuardrailInput[]
  cases: PolicyCase[]
  /** The calendar files that it names. */
  calendars?: Readonly<Record<string, string>>
}

/** An event from nine to ten in the morning (UTC), every day of a week. */
const mornings = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:example', 'BEGIN:VEVENT', 'UID:1', 'SUMMARY:No one is on call'],
  ...['DTSTART:20261123T090000Z', 'DTEND:20261123T100000Z', 'RRULE:FREQ=DAILY;COUNT=7', 'END:VEVENT', 'END:VCALENDAR'],
].join('\r\n')

const prod = { cluster: 'prod-eu', clusterLabels: { environment: 'prod' } }
const exec = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }]
const ago = (hours: number) => new Date(Date.UTC(2026, 10, 23, 9) - hours * 3_600_000).toISOString()

export const guardrailExamples: GuardrailExample[] = [
  {
    title: 'Other approvers at night',
    text: 'The hour is that of the start, in the time zone of the guardrail. A request that is submitted during the day and approved at night needs the approvers of the night: its approval is refused, and it has to be submitted again.',
    guardrails: [
      {
        name: 'night-needs-sre',
        description: 'At night, only SRE knows the state of production.',
        match: { clusterLabels: { environment: 'prod' } },
        when: "request.startsAt.getHours('Europe/Berlin') < 8 || request.startsAt.getHours('Europe/Berlin') >= 18",
        effect: 'require',
        require: { approvals: [{ groups: ['sre'] }] },
      },
    ],
    cases: [
      { name: 'at ten in the morning', given: prod, expect: { approvals: [] } },
      {
        name: 'at nine in the evening',
        given: { ...prod, now: '2026-11-23T20:00:00Z' },
        expect: { approvals: [{ groups: ['sre'], count: 1 }] },
      },
      {
        name: 'submitted in the morning for the evening',
        given: { ...prod, startsAt: '2026-11-23T20:00:00Z' },
        expect: { approvals: [{ groups: ['sre'], count: 1 }] },
      },
    ],
  },
  {
    title: 'Other approvers for sensitive namespaces and high risks',
    text: 'Any attribute of the request can select the approvers: labels of the cluster or the namespace, groups of the requester, risks or rules.',
    guardrails: [
      {
        name: 'personal-data-needs-privacy',
        description: 'The privacy team answers for personal data.',
        match: { namespaceLabels: { data: 'personal' } },
        effect: 'require',
        require: { approvals: [{ groups: ['privacy'] }] },
      },
      {
        name: 'high-risk-needs-security',
        description: 'High risks need a second look.',
        when: "risks.exists(r, r.severity == 'high')",
        effect: 'require',
        require: { approvals: [{ groups: ['security'] }] },
      },
    ],
    cases: [
      {
        name: 'a namespace with personal data',
        given: { namespaces: { customers: { data: 'personal' } } },
        expect: { approvals: [{ groups: ['privacy'], count: 1 }] },
      },
      {
        name: 'every verb on roles',
        given: {
          rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['*'] }],
        },
        expect: { violations: ['no-escalation'], approvals: [{ groups: ['security'], count: 1 }] },
      },
      { name: 'an ordinary request', given: {}, expect: { approvals: [] } },
    ],
  },
  {
    title: 'Escalation of an approval that a guardrail requires',
    text: 'While the security team has not decided, it is reminded after ten minutes, and after half an hour the person on call for security may approve too.',
    guardrails: [
      {
        name: 'secrets-need-security',
        description: 'The security team answers for credentials.',
        when: "rules.exists(r, 'secrets' in r.resources)",
        effect: 'require',
        require: {
          approvals: [
            {
              ...{ groups: ['security'], remindAfter: 'PT10M' },
              escalate: [{ after: 'PT30M', to: { onCall: 'security' } }],
            },
          ],
        },
      },
    ],
    cases: [
      {
        name: 'reading secrets',
        given: { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] },
        expect: { approvals: [{ groups: ['security'], count: 1 }] },
      },
      { name: 'reading pods', given: {}, expect: { approvals: [] } },
    ],
  },
  {
    title: "Approvers from the requester's own team",
    text: 'For teams that name their groups alike, such as `team-search` and `team-search-leads`. `groupsExpression` computes the groups of a step from the same variables as `when`; if it mentions `namespaceObject`, there is one step for each namespace. If there is no group, the guardrail counts as violated.',
    guardrails: [
      {
        name: 'own-team-approves',
        description: 'A lead of the own team approves.',
        effect: 'require',
        require: {
          approvals: [
            {
              groupsExpression:
                "requester.groups.filter(g, g.startsWith('team-') && !g.endsWith('-leads')).map(g, g + '-leads')",
            },
          ],
        },
      },
    ],
    cases: [
      {
        name: 'someone of the search team',
        given: { groups: ['developers', 'team-search'] },
        expect: { approvals: [{ groups: ['team-search-leads'], count: 1 }] },
      },
      {
        name: 'someone in two teams, either of which approves',
        given: { groups: ['team-search', 'team-shop'] },
        expect: { approvals: [{ groups: ['team-search-leads', 'team-shop-leads'], count: 1 }] },
      },
      {
        name: 'someone without a team',
        given: { groups: ['developers'] },
        expect: { violations: ['own-team-approves'] },
      },
    ],
  },
  {
    title: 'No approval while the requester is on call',
    text: 'For an entitlement with `approvals: []`. `requester.onCall` names the rotas of postern.yaml in which the requester is on call; the guardrail is evaluated again before access is granted.',
    guardrails: [
      {
        name: 'approval-unless-on-call',
        description: 'Access without an approval is for the person on call.',
        when: "!('payments' in requester.onCall)",
        effect: 'require',
        require: { approvals: [{ groups: ['payments-leads'], onCall: 'payments' }] },
      },
    ],
    cases: [
      { name: 'someone on call', given: { approvals: [], onCall: ['payments'] }, expect: { approvals: [] } },
      {
        name: 'someone on call for another team',
        given: { approvals: [], onCall: ['search'] },
        expect: { approvals: [{ groups: ['payments-leads'], onCall: 'payments' }] },
      },
    ],
  },
  {
    title: 'The owners of a namespace approve',
    text: 'A step can name the owners of the namespaces and the manager of the requester: `- { owners: true, manager: true }`, as in docs/approvals.md. Where the label of each namespace names its team, an expression does. NB: anyone who may label a namespace then chooses its approvers.',
    guardrails: [
      {
        name: 'owner-approves',
        description: 'The team that owns a namespace approves.',
        effect: 'require',
        require: { approvals: [{ groupsExpression: "[namespaceObject.metadata.labels['team'] + '-leads']" }] },
      },
    ],
    cases: [
      {
        name: 'two namespaces of different teams',
        given: { namespaces: { shop: { team: 'shop' }, cart: { team: 'cart' } } },
        expect: {
          approvals: [
            { groups: ['cart-leads'], count: 1 },
            { groups: ['shop-leads'], count: 1 },
          ],
        },
      },
      {
        name: 'a namespace without the label',
        given: { namespaces: { lost: {} } },
        expect: { violations: ['owner-approves'] },
      },
    ],
  },
  {
    title: 'Quotas and cool-downs',
    text: 'The history has the requests and the grants of the requester for the same entitlement, without this request. Grants count from their approval. The counts are taken again when the request is decided and when access begins, so that several requests at once do not evade a quota.',
    guardrails: [
      {
        name: 'three-a-day',
        description: 'More than three times a day is a job for a permanent role.',
        when: "history.grants.filter(at, now - at < duration('24h')).size() >= 3",
        effect: 'deny',
        message: 'You have had this access three times within a day. Ask your platform team for a permanent solution.',
      },
      {
        name: 'cool-down',
        description: 'An hour passes between two grants.',
        match: { entitlements: ['break-glass*'] },
        when: "history.grants.exists(at, now - at < duration('1h'))",
        effect: 'deny',
      },
      {
        name: 'many-attempts',
        description: 'Ten requests in an hour are unusual.',
        when: "history.requests.filter(at, now - at < duration('1h')).size() >= 10",
        effect: 'require',
        require: { approvals: [{ groups: ['security'] }] },
      },
    ],
    cases: [
      {
        name: 'the fourth time within a day',
        given: { history: { grants: [ago(2), ago(5), ago(20)] } },
        expect: { violations: ['three-a-day'] },
      },
      { name: 'the third time within a day', given: { history: { grants: [ago(2), ago(5), ago(25)] } } },
      {
        name: 'break-glass access, half an hour after the last one',
        given: { entitlement: 'break-glass', history: { grants: [ago(0.5)] } },
        expect: { violations: ['cool-down'] },
      },
      {
        name: 'the eleventh request within an hour',
        given: { history: { requests: Array.from({ length: 10 }, (_, n) => ago(n / 20)) } },
        expect: { approvals: [{ groups: ['security'], count: 1 }] },
      },
      {
        name: 'an unknown history',
        given: { history: null },
        expect: { violations: ['three-a-day', 'many-attempts'] },
      },
    ],
  },
  {
    title: 'Break-glass access only while someone is on call',
    text: 'A calendar file with the times at which no one is on call, for example exported from the rota, is a list of freezes. Postern does not know who is on call: the people who may use the entitlement are those of its groups.',
    guardrails: [
      {
        name: 'someone-is-on-call',
        description: 'Break-glass access needs someone who is on call.',
        match: { entitlements: ['break-glass*'] },
        effect: 'limit',
        limit: { freezes: [{ calendar: 'nobody-on-call.ics', zone: 'Europe/Berlin' }], mayOutliveWindow: true },
      },
    ],
    calendars: { 'nobody-on-call.ics': mornings },
    cases: [
      {
        name: 'while no one is on call',
        given: { entitlement: 'break-glass', now: '2026-11-24T09:30:00Z' },
        expect: { violations: ['someone-is-on-call'], passesNextAt: '2026-11-24T10:00:00.000Z' },
      },
      { name: 'an hour later', given: { entitlement: 'break-glass', now: '2026-11-24T10:30:00Z' } },
    ],
  },
  {
    title: 'Requests only from the browser, or only from scripts',
    text: '`request.via` says where the request came from: `browser` for the pages, `terminal` for a token that the identity provider issued to the client of `postern login` (`identity.cli`), `agent` if the program that submits it names itself, as `postern mcp` does, and `api` for any other bearer token. It is recorded with the submission and signed, so it does not change when the request is decided. A program that acts with a person’s token can keep silent about it and is `terminal` or `api` then; it can’t be `browser` without a session of the pages. So permit `browser` rather than deny `agent`.',
    guardrails: [
      {
        name: 'break-glass-in-the-browser',
        description: 'Break-glass access needs a person who has just signed in.',
        match: { entitlements: ['break-glass*'] },
        when: "request.via != 'browser'",
        effect: 'deny',
        message: 'Request break-glass access on the page, not by the API.',
      },
    ],
    cases: [
      { name: 'on the page', given: { entitlement: 'break-glass', via: 'browser' } },
      {
        name: 'by a script',
        given: { entitlement: 'break-glass', via: 'api' },
        expect: { violations: ['break-glass-in-the-browser'] },
      },
    ],
  },
  {
    title: 'What agents may request',
    text: 'An agent reads text that other people wrote and may do what it says. These two keep automatic approvals, and access with more than a low risk, for people. The example above says how far `agent` can be trusted.',
    guardrails: [
      {
        name: 'agents-need-an-approval',
        description: 'A person looks at what an agent requests.',
        when: "request.via == 'agent'",
        effect: 'require',
        require: { approvals: [{ groups: ['sre'] }] },
      },
      {
        name: 'risks-on-the-page',
        description: 'Access with more than a low risk is for people.',
        when: "request.via != 'browser' && risks.exists(risk, risk.severity != 'low')",
        effect: 'deny',
        message: 'Request access with a medium or high risk yourself, on the page.',
      },
    ],
    cases: [
      {
        name: 'an agent, an ordinary request',
        given: { via: 'agent' },
        expect: { approvals: [{ groups: ['sre'], count: 1 }] },
      },
      {
        name: 'an agent, a shell',
        given: { via: 'agent', rules: exec },
        expect: { violations: ['risks-on-the-page'], approvals: [{ groups: ['sre'], count: 1 }] },
      },
      { name: 'a person on the page, a shell', given: { via: 'browser', rules: exec } },
    ],
  },
  {
    title: 'Shells only in harmless pods',
    text: 'Needs part 7 of `deploy/rbac.yaml`. `pods.items` has the pods that have not ended and that the rules lead into; without rules for `pods/exec`, `pods/attach`, `pods/portforward` or `pods/ephemeralcontainers` it is empty. Postern reads the pods of the namespaces in the entitlements once a minute, and again right before access begins. If it may not read one of the requested namespaces, if the last reading is older than ten minutes, or if there are more than 250 pods in a namespace or 500 in a request, they are unknown, and the guardrail counts as violated. The Clusters page shows in which namespaces Postern may list pods. NB: a pod that is created later is not judged, so this is a check of what runs now; the next example makes the cluster guarantee it.',
    guardrails: [
      {
        name: 'shells-only-in-harmless-pods',
        description: 'A shell in a privileged pod is a shell on the node.',
        when: [
          'pods.items.exists(p, p.privileged || p.hostNetwork || p.hostPID || p.hostIPC || p.hostPath',
          "|| p.addedCapabilities.exists(c, c != 'NET_BIND_SERVICE'))",
        ].join('\n  '),
        effect: 'deny',
        message: 'A pod that this access leads into is not isolated from its node. Name the pods that you need.',
      },
      {
        name: 'shells-with-tokens-need-security',
        description: 'Someone in a pod can use the token of its service account.',
        when: "pods.items.exists(p, p.mountsToken && p.serviceAccountName != 'default')",
        effect: 'require',
        require: { approvals: [{ groups: ['security'] }] },
      },
    ],
    cases: [
      {
        name: 'a shell in a harmless pod',
        given: { rules: exec, pods: [{ addedCapabilities: ['NET_BIND_SERVICE'] }] },
        expect: { approvals: [] },
      },
      {
        name: 'a shell next to a privileged pod',
        given: { rules: exec, pods: [{ name: 'web' }, { name: 'agent', privileged: true, hostPID: true }] },
        expect: { violations: ['shells-only-in-harmless-pods'] },
      },
      {
        name: 'a shell in a pod with a token of its own',
        given: { rules: exec, pods: [{ serviceAccountName: 'controller', mountsToken: true }] },
        expect: { approvals: [{ groups: ['security'] }] },
      },
      {
        name: 'pods that Postern may not read',
        given: { rules: exec, pods: null },
        expect: { violations: ['shells-only-in-harmless-pods', 'shells-with-tokens-need-security'] },
      },
    ],
  },
  {
    title: 'Shells only where the cluster keeps pods harmless',
    text: 'In a namespace that enforces the *restricted* level of Pod Security, every pod runs without privileges. NB: pods from before the label was set stay as they are until they are replaced.',
    guardrails: [
      {
        name: 'shells-only-in-restricted-namespaces',
        description: 'A shell in a privileged pod is a shell on the node.',
        when: [
          "rules.exists(r, r.resources.exists(x, x in ['pods/exec', 'pods/attach', 'pods/*', '*/exec', '*/attach', '*', 'pods/ephemeralcontainers', '*/ephemeralcontainers']))",
          "&& !('pod-security.kubernetes.io/enforce' in namespaceObject.metadata.labels",
          "&& namespaceObject.metadata.labels['pod-security.kubernetes.io/enforce'] == 'restricted')",
        ].join('\n  '),
        effect: 'deny',
        messageExpression:
          "'Namespace ' + namespaceObject.metadata.name + ' does not enforce the restricted level of Pod Security, so a shell there may be a shell on the node.'",
      },
    ],
    cases: [
      {
        name: 'a shell in a restricted namespace',
        given: { rules: exec, namespaces: { shop: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
      },
      {
        name: 'a shell in another namespace',
        given: { rules: exec, namespaces: { shop: { 'pod-security.kubernetes.io/enforce': 'baseline' } } },
        expect: { violations: ['shells-only-in-restricted-namespaces'] },
      },
      { name: 'no shell', given: { namespaces: { shop: {} } } },
    ],
  },
]
