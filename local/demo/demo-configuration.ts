import { stringify } from 'yaml'
import { type CompanyFacts, companyConfiguration, paymentsRestart } from '#local/parts/company'

const breakGlass = {
  ...paymentsRestart(),
  name: 'payments-break-glass',
  title: 'Repair payment services in an emergency',
  who: { groups: ['sre'] },
  duration: { default: 'PT15M', max: 'PT30M' },
  breakGlass: { usesPerWeek: 3, reviewWithin: 'P2D', security: ['security-audit'] },
}

/**
 * The text of the demo's postern.yaml: the company, with guardrails.
 * @param lapseAfter ISO 8601: how long a request may wait for its decision
 * @param mailServer `smtp://…`
 */
export function demoConfiguration({
  lapseAfter,
  mailServer,
  ...facts
}: CompanyFacts & { lapseAfter: string; mailServer: string }): string {
  const { entitlements, ...company } = companyConfiguration(facts)
  return stringify({
    ...company,
    rotas: [
      {
        name: 'platform',
        zone: 'Europe/Berlin',
        rotation: { people: ['tomas@example.com', 'ola@example.com'], from: '2026-01-05T09:00' },
      },
    ],
    entitlements: [
      ...entitlements.map((one) =>
        one.name === 'cluster-view'
          ? { ...one, approvals: one.approvals.map((step) => ({ ...step, onCall: 'platform' })) }
          : one,
      ),
      breakGlass,
    ],
    pending: { lapseAfter },
    notifications: { email: { server: mailServer, from: 'postern@example.com' } },
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
        message: 'This shows every secret of the namespace. Is one secret, by name, enough?',
      },
      {
        name: 'nothing-new',
        description: 'A grant should add something to what the requester can do already.',
        when: 'difference.known && difference.added.size() == 0',
        effect: 'warn',
        message: 'The requester can already do all of this without Postern.',
      },
      {
        name: 'new-deletes-need-a-ticket',
        description: 'New permissions to delete need a ticket.',
        when: "difference.known && difference.added.exists(a, a.verb in ['delete', 'deletecollection'])",
        effect: 'require',
        require: { ticket: { pattern: '^[A-Z]+-[0-9]+$' } },
      },
      {
        // The only one that depends on the time, and the story does not request it: the demo works at any time of day.
        name: 'shell-in-office-hours',
        description: 'Shells are opened only while the payments team is at work.',
        match: { entitlements: ['payments-shell'] },
        effect: 'limit',
        limit: { windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '08:00', to: '18:00' }] },
      },
    ],
  })
}
