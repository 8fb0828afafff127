import { z } from 'zod'
import { severities } from './severity.ts'

/** The risks of the rules. NB: no findings does not prove that the rules are harmless. */
export const riskResource = z
  .strictObject({
    severity: z.enum(severities),
    findings: z.array(
      z.strictObject({
        id: z.string(),
        severity: z.enum(severities),
        sentence: z.string(),
        outlives: z.string().nullable().meta({ description: 'What still works after the grant has ended.' }),
        because: z.array(z.string()).meta({ description: 'The permissions that cause it.' }),
        partOf: z.array(z.string()).meta({ description: 'Other findings that include this one.' }),
      }),
    ),
  })
  .meta({ id: 'Risk' })
export type RiskResource = z.infer<typeof riskResource>
