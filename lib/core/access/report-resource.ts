import { z } from 'zod'
import { duration, time } from './resource-fields.ts'
import { severities } from './severity.ts'

/** The periods of a report, in days. */
export const reportPeriods = ['7', '30', '90'] as const
export const defaultPeriod = '30'

const count = z.int()
const grantsOfDay = z.strictObject({
  day: z.string().meta({ description: 'Such as `2026-11-26`.' }),
  ...(Object.fromEntries(severities.map((one) => [one, count])) as Record<(typeof severities)[number], typeof count>),
})

export const reportResource = z
  .strictObject({
    from: time.meta({ description: 'The start of the first day, in UTC.' }),
    to: time,
    groups: z.array(z.string()).nullable().meta({
      description:
        'Only what these groups of the caller may decide is counted. Null for everything: auditors and admins.',
    }),
    requests: z
      .strictObject({
        submitted: count,
        approved: count,
        automatic: count.meta({ description: 'How many of the approved ones no one had to approve.' }),
        denied: count,
        withdrawn: count,
        lapsed: count,
        pending: count,
      })
      .meta({ description: 'The requests submitted in the period, by their status now.' }),
    decisions: z
      .array(z.strictObject({ group: z.string(), count, median: duration, p90: duration }))
      .meta({ description: 'From the submission to a decision, by the groups through which its author could decide.' }),
    grants: z
      .array(grantsOfDay)
      .meta({ description: 'Access that began, by the day of its approval and its severity at submission.' }),
    refusals: z.array(z.strictObject({ code: z.string(), submissions: count, later: count })).meta({
      description:
        'By guardrail, or by the code of a limit: refused submissions, and decisions and grants that were stopped later.',
    }),
    breakGlass: z.array(
      z.strictObject({
        month: z.string().meta({ description: 'Such as `2026-11`.' }),
        uses: count,
        justified: count,
        notJustified: count,
        open: count,
      }),
    ),
  })
  .meta({ id: 'Report' })
export type ReportResource = z.infer<typeof reportResource>
