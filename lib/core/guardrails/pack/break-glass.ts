// The guardrails of break-glass access.
import { z } from 'zod'
import { formatDuration } from '#lib/core/access/duration'
import { limitDuration } from '#lib/core/guardrails/configured/schema'
import { member } from './member.ts'
import { cel, globs, ticketOf, ticketPattern } from './writing.ts'

export const breakGlass = member({
  name: 'break-glass',
  title: 'Conditions for break-glass access',
  why: 'Emergency access without an approval is short-lived, has a reason, belongs to an incident and is reviewed afterwards.',
  isDefault: false,
  settings: z.strictObject({
    entitlements: globs.min(1).default(['break-glass*']),
    groups: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(50)
      .meta({ description: 'Groups that may use break-glass access.' }),
    maxDuration: limitDuration.prefault('PT1H'),
    reasonMinLength: z.int().min(1).max(2000).default(30),
    pattern: ticketPattern,
  }),
  guardrails: ({ entitlements, groups, maxDuration, reasonMinLength, pattern: text }) => {
    const match = { entitlements }
    return [
      {
        name: 'break-glass-people',
        description: 'Few people may use break-glass access.',
        match,
        when: `!requester.groups.exists(g, g in ${cel(groups)})`,
        effect: 'deny',
        message: "You can't use break-glass access. Contact the person on call.",
      },
      {
        name: 'break-glass-short',
        description: 'Break-glass access is short-lived.',
        match,
        effect: 'limit',
        message: 'Break-glass access is short-lived.',
        limit: { maxDuration: formatDuration(maxDuration) },
      },
      {
        name: 'break-glass-reason',
        description: 'Break-glass access belongs to an incident.',
        match,
        effect: 'require',
        message: 'Break-glass access belongs to an incident.',
        require: { ticket: ticketOf(text), reasonMinLength },
      },
      {
        name: 'break-glass-review',
        description: 'Break-glass access is reviewed afterwards.',
        match,
        effect: 'warn',
        message:
          'This is break-glass access. Everyone who can read the history sees it, and it is reviewed afterwards.',
      },
    ]
  },
  example: { groups: ['sre'] },
  cases: [
    {
      name: 'another person, for two hours, without an incident',
      given: { entitlement: 'break-glass', approvals: [], duration: 'PT2H', reason: 'help' },
      expect: {
        violations: ['break-glass-people', 'break-glass-short', 'break-glass-reason', 'break-glass-reason'],
        warnings: ['break-glass-review'],
      },
    },
    {
      name: 'the person on call, during an incident',
      given: { entitlement: 'break-glass-prod', approvals: [], groups: ['sre'], ticket: 'INC-7' },
      expect: { warnings: ['break-glass-review'], maxDuration: 'PT1H' },
    },
    { name: 'an ordinary entitlement', given: { duration: 'PT2H', reason: 'help' }, expect: { warnings: [] } },
  ],
})
