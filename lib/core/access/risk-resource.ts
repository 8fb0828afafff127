import { z } from 'zod'
import { severities } from './severity.ts'

/** What is dangerous about the rules. No findings is no proof of harmlessness. */
export const riskResource = z
  .strictObject({
    severity: z.enum(severities),
    findings: z.array(
      z.strictObject({
        id: z.string(),
        severity: z.enum(severities),
        sentence: z.string(),
        outlives: z.string().nullable().meta({ description: 'What keeps working after the grant has ended.' }),
        because: z.array(z.string()).meta({ description: 'How the rules give it.' }),
        partOf: z.array(z.string()).meta({ description: 'Other findings here that say it already.' }),
      }),
    ),
  })
  .meta({ id: 'Risk' })
export type RiskResource = z.infer<typeof riskResource>
