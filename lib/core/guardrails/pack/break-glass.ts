// Access in an emergency: what it must look like.
import { z } from 'zod'
import { formatDuration } from '#lib/core/access/duration'
import { limitDuration } from '#lib/core/guardrails/configured/schema'
import { member } from './member.ts'
import { cel, globs, ticketOf, ticketPattern } from './writing.ts'

export const breakGlass = member({
  name: 'break-glass',
  title: 'The shape of break-glass',
  why: 'Access in an emergency that nobody approves first is short, says why, belongs to an incident and is looked at afterwards.',
  isDefault: false,
  settings: z.strictObject({
    entitlements: globs.min(1).default(['break-glass*']),
    groups: z.array(z.string().min(1).max(256)).min(1).max(50).meta({ description: 'Who may break the glass.' }),
    maxDuration: limitDuration.prefault('PT1H'),
    reasonMinLength: z.int().min(1).max(2000).default(30),
    pattern: ticketPattern,
  }),
  guardrails: ({ entitlements, groups, maxDuration, reasonMinLength, pattern: text }) => {
    const match = { entitlements }
    return [
      {
        name: 'break-glass-people',
        description: 'Few may break the glass.',
        match,
        when: `!requester.groups.exists(g, g in ${cel(groups)})`,
        effect: 'deny',
        message: 'You are not among those who may break the glass: call whoever is on duty.',
      },
      {
        name: 'break-glass-short',
        description: 'Break-glass access is short.',
        match,
        effect: 'limit',
        message: 'Break-glass access is short.',
        limit: { maxDuration: formatDuration(maxDuration) },
      },
      {
        name: 'break-glass-reason',
        description: 'Break-glass belongs to an incident.',
        match,
        effect: 'require',
        message: 'Break-glass belongs to an incident.',
        require: { ticket: ticketOf(text), reasonMinLength },
      },
      {
        name: 'break-glass-review',
        description: 'Break-glass is looked at afterwards.',
        match,
        effect: 'warn',
        message: 'This breaks the glass: everybody who reads the record will see it, and it is looked at afterwards.',
      },
    ]
  },
  example: { groups: ['sre'] },
  cases: [
    {
      name: 'somebody else, for long, without an incident',
      given: { entitlement: 'break-glass', approvals: [], duration: 'PT2H', reason: 'help' },
      expect: {
        violations: ['break-glass-people', 'break-glass-short', 'break-glass-reason', 'break-glass-reason'],
        warnings: ['break-glass-review'],
      },
    },
    {
      name: 'the one on duty, in an incident',
      given: { entitlement: 'break-glass-prod', approvals: [], groups: ['sre'], ticket: 'INC-7' },
      expect: { warnings: ['break-glass-review'], maxDuration: 'PT1H' },
    },
    { name: 'an ordinary entitlement', given: { duration: 'PT2H', reason: 'help' }, expect: { warnings: [] } },
  ],
})
