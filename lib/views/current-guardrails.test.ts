import { afterAll, expect, test } from 'vitest'
import { aConfiguration } from '#testing/configuration'
import { anIdentity, asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { currentGuardrails } from './current-guardrails.ts'

const freezes = [{ name: 'Christmas', from: '2026-12-21', to: '2027-01-03', zone: 'Europe/Berlin' }]
const windows = [{ zone: 'Europe/Berlin', days: ['mon-thu', 'sat'], from: '09:00', to: '18:00' }]
const hours = {
  name: 'hours',
  description: 'Awake.',
  match: { clusterLabels: { environment: 'prod' }, groups: ['payments-dev'] },
  effect: 'limit',
  limit: { maxDuration: 'PT90M', windows, freezes, mayOutliveWindow: true },
}
const eyes = {
  name: 'eyes',
  description: 'Four eyes.',
  when: "risks.exists(r, r.severity == 'high')",
  effect: 'require',
  require: {
    approvals: [
      {
        ...{ groups: ['security', 'sre'], count: 2, remindAfter: 'PT10M' },
        escalate: [{ after: 'PT15M', to: { groups: ['ciso'] } }],
      },
    ],
    approvers: 3,
    ticket: { pattern: '^OPS-' },
    reasonMinLength: 40,
  },
  link: 'https://wiki.example.com/eyes',
}
const policy = await testPolicy(
  aConfiguration({
    guardrailPack: { 'only-namespaced': false, 'no-wildcards-in-prod': true },
    guardrails: [hours, eyes],
  }),
)
afterAll(() => policy.stop())
const actor = asActor({ ...anIdentity(), id: 'per_1', knownEmails: [] })

test('every guardrail is described by its effect, its match, its source and its place in the pack', async () => {
  const { guardrails, written } = await currentGuardrails(actor)
  expect(guardrails.slice(-2)).toMatchObject([
    {
      ...{ name: 'hours', description: 'Awake.', effect: 'limit', link: null, pack: null },
      does: [
        'at most 1 hour 30 minutes',
        'starts mon-thu, sat 09:00 to 18:00 Europe/Berlin',
        'not during Christmas, 2026-12-21 to 2027-01-03',
        'access may continue after the window closes',
      ],
      matchDescription: ['clusters labelled environment=prod', 'requesters in payments-dev'],
    },
    {
      ...{ name: 'eyes', description: 'Four eyes.', effect: 'require', link: eyes.link, pack: null },
      does: [
        '2 approvals from security or sre (reminded after 10 minutes, escalated to ciso after 15 minutes)',
        'at least 3 approvers',
        'a ticket that matches ^OPS-',
        'a reason of at least 40 characters',
      ],
      matchDescription: [],
    },
  ])
  expect(guardrails.at(-2)?.source).toContain('maxDuration: PT1H30M')
  expect(guardrails.map((one) => one.pack)).toContain('no-wildcards-in-prod')
  // As in the file, without the rest of the file.
  expect(written).toMatch(/^guardrails:\n {2}- name: hours[\s\S]*\nguardrailPack:\n {2}only-namespaced: false/)
  expect(written).not.toContain('kubeconfig')
})

test('every member of the pack is listed as on or off', async () => {
  const { switches } = await currentGuardrails(actor)
  const isOn = Object.fromEntries(switches.map((one) => [one.name, one.isOn]))
  expect(isOn).toMatchObject({
    'only-namespaced': false,
    'no-escalation': true,
    'no-wildcards-in-prod': true,
    'break-glass': false,
  })
  expect(switches.filter((one) => one.needsSettings).map(({ name }) => name)).toContain('longest-duration')
})
