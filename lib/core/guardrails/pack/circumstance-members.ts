// The members of the pack that look at when, where, how long and on whose word.
import { z } from 'zod'
import { formatDuration } from '#lib/core/access/duration'
import { freezeSchema, limitDuration, windowSchema } from '#lib/core/guardrails/configured/schema'
import { breakGlass } from './break-glass.ts'
import { member, type PackMember } from './member.ts'
import { globs, prod, prodCluster, rule, ticketOf, ticketPattern } from './writing.ts'

const change = rule(['patch'], ['deployments'], ['apps'])

/** Subresources that run or reach something; some clients open them by GET. */
const reaching = "x.matches('^([^/]+/(exec|attach|ephemeralcontainers|portforward|proxy)|\\\\*)$')"

const protectedNamespaces = member({
  name: 'protected-namespaces',
  title: 'Protected namespaces',
  why: 'Whoever writes in the namespaces of the cluster itself owns the cluster; in those of Postern, its grants.',
  isDefault: true,
  settings: z.strictObject({
    also: globs.default([]).meta({ description: 'More namespaces, or globs.' }),
  }),
  guardrails: ({ also }) => [
    {
      name: 'protected-namespaces',
      description: 'These namespaces belong to the cluster and to Postern.',
      match: { namespaces: ['kube-*', 'postern', 'postern-*', ...also] },
      effect: 'deny',
      message: 'This namespace is protected: take it out.',
    },
  ],
  example: { also: ['istio-system'] },
  cases: [
    ...['kube-system', 'kube-public', 'postern-grants', 'postern', 'istio-system'].map((namespace) => ({
      name: namespace,
      given: { namespaces: ['payments', namespace] },
      expect: { violations: ['protected-namespaces'] },
    })),
    { name: 'an ordinary namespace', given: { namespaces: ['payments', 'kubernetes-dashboard'] } },
  ],
})

const prodChangesInHours = member({
  name: 'prod-changes-in-hours',
  title: 'Production changes in hours',
  why: 'Changes are made while those who can help are awake. Reading is always possible.',
  isDefault: false,
  settings: z.strictObject({
    clusterLabels: prod,
    windows: z.array(windowSchema).min(1).max(20),
    freezes: z.array(freezeSchema).max(50).optional(),
    mayOutliveWindow: z.boolean().default(false),
  }),
  guardrails: ({ clusterLabels, windows, freezes, mayOutliveWindow }) => [
    {
      name: 'prod-changes-in-hours',
      description: 'Production is changed in agreed hours.',
      match: { clusterLabels },
      when: `rules.exists(r, r.verbs.exists(v, !(v in ['get', 'list', 'watch'])) || r.resources.exists(x, ${reaching}))`,
      effect: 'limit',
      message: 'Production is changed in agreed hours.',
      limit: { windows, mayOutliveWindow, ...(freezes?.length ? { freezes } : {}) },
    },
  ],
  example: {
    windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '09:00', to: '18:00' }],
    freezes: [{ name: 'Christmas', from: '2026-12-21', to: '2027-01-03', zone: 'Europe/Berlin' }],
  },
  cases: [
    {
      name: 'a change on Monday morning, which ends with the window',
      given: { ...prodCluster, rules: [change] },
      expect: { until: '2026-11-23T17:00:00Z' },
    },
    {
      name: 'a change on Saturday',
      given: { ...prodCluster, rules: [change], now: '2026-11-28T12:00:00Z' },
      expect: { violations: ['prod-changes-in-hours'], passesNextAt: '2026-11-30T08:00:00Z' },
    },
    {
      name: 'a change that would end after hours',
      given: { ...prodCluster, rules: [change], now: '2026-11-23T16:45:00Z' },
      expect: { violations: ['prod-changes-in-hours'], passesNextAt: '2026-11-24T08:00:00Z' },
    },
    {
      name: 'a change over Christmas',
      given: { ...prodCluster, rules: [change], now: '2026-12-23T12:00:00Z' },
      expect: { violations: ['prod-changes-in-hours'], passesNextAt: '2027-01-04T08:00:00Z' },
    },
    {
      name: 'a shell by GET on Saturday',
      given: { ...prodCluster, rules: [rule(['get'], ['pods/exec'])], now: '2026-11-28T12:00:00Z' },
      expect: { violations: ['prod-changes-in-hours'] },
    },
    { name: 'reading on Saturday', given: { ...prodCluster, now: '2026-11-28T12:00:00Z' } },
    { name: 'a change elsewhere on Saturday', given: { rules: [change], now: '2026-11-28T12:00:00Z' } },
  ],
})

const severeRiskTwoApprovers = member({
  name: 'high-risk-two-approvers',
  title: 'High risk needs two approvers',
  why: 'What can take over a namespace or a cluster is read by two people before it is given.',
  isDefault: false,
  settings: z.strictObject({ approvers: z.int().min(2).max(10).default(2) }),
  guardrails: ({ approvers }) => [
    {
      name: 'high-risk-two-approvers',
      description: 'High risk is looked at by more than one person.',
      when: "risks.exists(r, r.severity == 'high')",
      effect: 'require',
      message: `High risk needs ${approvers} approvers.`,
      require: { approvers },
    },
  ],
  example: true,
  cases: [
    {
      name: 'high',
      given: { risks: [{ id: 'pods-exec', severity: 'high' }] },
      expect: { approvers: 2 },
    },
    {
      name: 'high, and nobody to approve',
      given: { approvals: [], risks: [{ id: 'pods-exec', severity: 'high' }] },
      expect: { violations: ['high-risk-two-approvers'] },
    },
    { name: 'medium', given: { risks: [{ id: 'x', severity: 'medium' }] }, expect: { approvers: 0 } },
  ],
})

const execOnlyWithTicket = member({
  name: 'exec-only-with-ticket',
  title: 'A shell only with a ticket',
  why: 'What is typed into a shell is in no audit log: the ticket says what it was for.',
  isDefault: false,
  settings: z.strictObject({ pattern: ticketPattern }),
  guardrails: (settings) => [
    {
      name: 'exec-only-with-ticket',
      description: 'A shell or a debug container in a pod needs a ticket.',
      when: "rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x.matches('^((pods|\\\\*)/(exec|attach|ephemeralcontainers)|\\\\*)$')))",
      effect: 'require',
      message: 'A shell in a pod needs a ticket.',
      require: { ticket: ticketOf(settings.pattern) },
    },
  ],
  example: { pattern: '^[A-Z]+-[0-9]+$' },
  cases: [
    {
      name: 'a shell without a ticket',
      given: { rules: [rule(['create'], ['pods/exec'])] },
      expect: { violations: ['exec-only-with-ticket'] },
    },
    {
      name: 'a shell with something that is no ticket',
      given: { rules: [rule(['create'], ['pods/exec'])], ticket: 'later' },
      expect: { violations: ['exec-only-with-ticket'] },
    },
    {
      name: 'everything of the core group, so a shell as well',
      given: { rules: [rule(['create'], ['*'])] },
      expect: { violations: ['exec-only-with-ticket'] },
    },
    { name: 'a shell with a ticket', given: { rules: [rule(['create'], ['pods/exec'])], ticket: 'INC-7' } },
    { name: 'logs without a ticket', given: { rules: [rule(['get'], ['pods/log'])] } },
  ],
})

const longestDuration = member({
  name: 'longest-duration',
  title: 'The longest duration by environment',
  why: 'The more a cluster matters, the sooner access ends by itself.',
  isDefault: false,
  settings: z.strictObject({
    label: z.string().min(1).max(317).default('environment').meta({ description: 'The label of clusters to go by.' }),
    max: z
      .record(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/), limitDuration)
      .meta({ description: 'The longest duration for each value of that label.' }),
  }),
  guardrails: ({ label, max }) =>
    Object.entries(max).map(([value, seconds]) => ({
      name: `longest-duration-${value}`,
      description: `Access to ${value} is short.`,
      match: { clusterLabels: { [label]: value } },
      effect: 'limit' as const,
      message: `Access to ${value} is short.`,
      limit: { maxDuration: formatDuration(seconds) },
    })),
  example: { max: { prod: 'PT2H', staging: 'PT12H' } },
  cases: [
    {
      name: 'three hours of production',
      given: { ...prodCluster, duration: 'PT3H' },
      expect: { violations: ['longest-duration-prod'], maxDuration: 'PT2H' },
    },
    { name: 'two hours of production', given: { ...prodCluster, duration: 'PT2H' }, expect: { maxDuration: 'PT2H' } },
    { name: 'three hours of staging', given: { clusterLabels: { environment: 'staging' }, duration: 'PT3H' } },
    { name: 'three hours elsewhere', given: { duration: 'PT3H' } },
  ],
})

export const circumstanceMembers: PackMember[] = [
  protectedNamespaces,
  prodChangesInHours,
  severeRiskTwoApprovers,
  execOnlyWithTicket,
  longestDuration,
  breakGlass,
]
