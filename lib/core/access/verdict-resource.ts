import { z } from 'zod'
import { approvalStepSchema } from './entitlement.ts'
import { duration, time } from './resource-fields.ts'

/** One violation: what is wrong, where in the body, and what would be right. */
export const violationResource = z
  .strictObject({ code: z.string(), pointer: z.string(), sentence: z.string() })
  .meta({ id: 'Violation' })
export type Violation = z.infer<typeof violationResource>

/** What guardrails want besides what the entitlement asks for. */
const requirementsResource = z.strictObject({
  approvals: z.array(approvalStepSchema).meta({ description: 'Steps besides those of the entitlement.' }),
  approvers: z.int().meta({ description: 'At least so many different people; 0 where nothing is said.' }),
  ticketRequired: z.boolean(),
  ticketPatterns: z.array(z.string()).meta({ description: 'RE2 patterns that the ticket must all match.' }),
  reasonMinLength: z.int(),
})

export const verdictResource = z
  .strictObject({
    policyVersion: z.string(),
    violations: z.array(violationResource),
    warnings: z.array(violationResource),
    passesNextAt: time
      .nullable()
      .meta({ description: 'When the same request would pass, where only time is in its way.' }),
    until: time.nullable().meta({ description: 'When a window closes that access may not outlive.' }),
    requirements: requirementsResource,
    maxDuration: duration
      .nullable()
      .meta({ description: 'The longest that guardrails allow; null: they say nothing.' }),
    matched: z.array(z.string()).meta({ description: 'The guardrails that came in, whatever their effect.' }),
  })
  .meta({ id: 'Verdict' })
export type Verdict = z.infer<typeof verdictResource>
