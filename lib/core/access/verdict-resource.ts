import { z } from 'zod'
import { duration, time } from './resource-fields.ts'
import { approvalStepResource } from './step-resource.ts'

/** One violation: what is wrong, where in the body, and how to correct it. */
export const violationResource = z
  .strictObject({ code: z.string(), pointer: z.string(), sentence: z.string() })
  .meta({ id: 'Violation' })
export type Violation = z.infer<typeof violationResource>

/** What guardrails require in addition to the entitlement. */
const requirementsResource = z.strictObject({
  approvals: z.array(approvalStepResource).meta({ description: 'Steps in addition to those of the entitlement.' }),
  approvers: z
    .int()
    .meta({ description: 'The minimum number of different approvers; 0 if no guardrail requires one.' }),
  ticketRequired: z.boolean(),
  ticketPatterns: z.array(z.string()).meta({ description: 'RE2 patterns that the ticket must all match.' }),
  reasonMinLength: z.int(),
})

export const verdictResource = z
  .strictObject({
    policyVersion: z.string(),
    violations: z.array(violationResource),
    warnings: z.array(violationResource),
    passesNextAt: time.nullable().meta({ description: 'When the same request would pass, if only time prevents it.' }),
    until: time.nullable().meta({ description: 'When the window closes that the access may not outlive.' }),
    requirements: requirementsResource,
    maxDuration: duration
      .nullable()
      .meta({ description: 'The longest duration that guardrails allow; null if they do not limit it.' }),
    automatic: z
      .string()
      .nullable()
      .meta({ description: 'The condition of the entitlement because of which no approval was needed.' }),
    matched: z.array(z.string()).meta({ description: 'The guardrails that matched, whatever their effect.' }),
  })
  .meta({ id: 'Verdict' })
export type Verdict = z.infer<typeof verdictResource>
