// The guardrails of the pack about namespaces, time, duration, tickets and approvals.
import { z } from 'zod'
import { formatDuration } from '#lib/core/access/duration'
import { freezeSchema, limitDuration, windowSchema } from '#lib/core/guardrails/configured/schema'
import { breakGlass } from './break-glass.ts'
import { member, type PackMember } from './member.ts'
import { globs, prod, prodCluster, rule, ticketOf, ticketPattern } from './writing.ts'

const change = rule(['patch'], ['deployments'], ['apps'])

/** Subresources that run commands or open connections; some clients use GET for them. */
const interactive = "x.matches('^([^/]+/(exec|attach|ephemeralcontainers|portforward|proxy)|\\\\*)$')"

const protectedNamespaces = member({
  name: 'protected-namespaces',
  title: 'Protected namespaces',
  why: 'Anyone who can write in a system namespace controls the cluster; in a namespace of Postern, its grants.',
  isDefault: true,
  settings: z.strictObject({
    also: globs.default([]).meta({ description: 'Additional namespaces or globs.' }),
  }),
  guardrails: ({ also }) => [
    {
      name: 'protected-namespaces',
      description: 'These namespaces belong to the cluster itself or to Postern.',
      match: { namespaces: ['kube-*', 'postern', 'postern-*', ...also] },
      effect: 'deny',
      message: 'This namespace is protected. Remove it.',
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
  title: 'Production changes during agreed hours',
  why: 'Changes are made while the people who can help are at work. Read-only access is always possible.',
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
      description: 'Production may only be changed during agreed hours.',
      match: { clusterLabels },
      when: `rules.exists(r, r.verbs.exists(v, !(v in ['get', 'list', 'watch'])) || r.resources.exists(x, ${interactive}))`,
      effect: 'limit',
      message: 'Production may only be changed during agreed hours.',
      limit: { windows, mayOutliveWindow, ...(freezes?.length ? { freezes } : {}) },
    },
  ],
  example: {
    windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '09:00', to: '18:00' }],
    freezes: [{ name: 'Christmas', from: '2026-12-21', to: '2027-01-03', zone: 'Europe/Berlin' }],
  },
  cases: [
    {
      name: 'a change on Monday morning, ending with the window',
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
      name: 'a shell over GET on Saturday',
      given: { ...prodCluster, rules: [rule(['get'], ['pods/exec'])], now: '2026-11-28T12:00:00Z' },
      expect: { violations: ['prod-changes-in-hours'] },
    },
    { name: 'read-only access on Saturday', given: { ...prodCluster, now: '2026-11-28T12:00:00Z' } },
    { name: 'a change in another environment on Saturday', given: { rules: [change], now: '2026-11-28T12:00:00Z' } },
  ],
})

const highRiskTwoApprovers = member({
  name: 'high-risk-two-approvers',
  title: 'Two approvers for high risk',
  why: 'Two people review permissions that could take over a namespace or a cluster.',
  isDefault: false,
  settings: z.strictObject({ approvers: z.int().min(2).max(10).default(2) }),
  guardrails: ({ approvers }) => [
    {
      name: 'high-risk-two-approvers',
      description: 'More than one person reviews high-risk access.',
      when: "risks.exists(r, r.severity == 'high')",
      effect: 'require',
      message: `High-risk access requires ${approvers} approvers.`,
      require: { approvers },
    },
  ],
  example: true,
  cases: [
    {
      name: 'high risk',
      given: { risks: [{ id: 'pods-exec', severity: 'high' }] },
      expect: { approvers: 2 },
    },
    {
      name: 'high risk, and an entitlement without approvers',
      given: { approvals: [], risks: [{ id: 'pods-exec', severity: 'high' }] },
      expect: { violations: ['high-risk-two-approvers'] },
    },
    { name: 'medium risk', given: { risks: [{ id: 'x', severity: 'medium' }] }, expect: { approvers: 0 } },
  ],
})

const execOnlyWithTicket = member({
  name: 'exec-only-with-ticket',
  title: 'Ticket for shells',
  why: 'Commands that are typed into a shell are in no audit log. The ticket says what they were for.',
  isDefault: false,
  settings: z.strictObject({ pattern: ticketPattern }),
  guardrails: (settings) => [
    {
      name: 'exec-only-with-ticket',
      description: 'A shell or a debug container in a pod requires a ticket.',
      when: "rules.exists(r, r.apiGroups.exists(g, g in ['', '*']) && r.resources.exists(x, x.matches('^((pods|\\\\*)/(exec|attach|ephemeralcontainers)|\\\\*)$')))",
      effect: 'require',
      message: 'A shell in a pod requires a ticket.',
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
      name: 'a shell with an invalid ticket',
      given: { rules: [rule(['create'], ['pods/exec'])], ticket: 'later' },
      expect: { violations: ['exec-only-with-ticket'] },
    },
    {
      name: 'every resource of the core group, which includes shells',
      given: { rules: [rule(['create'], ['*'])] },
      expect: { violations: ['exec-only-with-ticket'] },
    },
    { name: 'a shell with a ticket', given: { rules: [rule(['create'], ['pods/exec'])], ticket: 'INC-7' } },
    { name: 'logs without a ticket', given: { rules: [rule(['get'], ['pods/log'])] } },
  ],
})

const longestDuration = member({
  name: 'longest-duration',
  title: 'Maximum duration by environment',
  why: 'The more critical a cluster is, the sooner access to it expires.',
  isDefault: false,
  settings: z.strictObject({
    label: z
      .string()
      .min(1)
      .max(317)
      .default('environment')
      .meta({ description: 'The cluster label that names the environment.' }),
    max: z
      .record(z.string().regex(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/), limitDuration)
      .meta({ description: 'The maximum duration for each value of the label.' }),
  }),
  guardrails: ({ label, max }) =>
    Object.entries(max).map(([value, seconds]) => ({
      name: `longest-duration-${value}`,
      description: `Access to ${value} is short-lived.`,
      match: { clusterLabels: { [label]: value } },
      effect: 'limit' as const,
      message: `Access to ${value} is short-lived.`,
      limit: { maxDuration: formatDuration(seconds) },
    })),
  example: { max: { prod: 'PT2H', staging: 'PT12H' } },
  cases: [
    {
      name: 'three hours in production',
      given: { ...prodCluster, duration: 'PT3H' },
      expect: { violations: ['longest-duration-prod'], maxDuration: 'PT2H' },
    },
    { name: 'two hours in production', given: { ...prodCluster, duration: 'PT2H' }, expect: { maxDuration: 'PT2H' } },
    { name: 'three hours in staging', given: { clusterLabels: { environment: 'staging' }, duration: 'PT3H' } },
    { name: 'three hours in another environment', given: { duration: 'PT3H' } },
  ],
})

export const circumstanceMembers: PackMember[] = [
  protectedNamespaces,
  prodChangesInHours,
  highRiskTwoApprovers,
  execOnlyWithTicket,
  longestDuration,
  breakGlass,
]
