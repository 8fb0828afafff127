// `admission` of postern.yaml: what the API servers themselves enforce.
import { z } from 'zod'

export const admissionModes = ['audit', 'warn', 'deny'] as const
export type AdmissionMode = (typeof admissionModes)[number]

const mode = z.enum(admissionModes)

export const admissionSection = z.strictObject({
  account: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9:._@-]{0,300}$/, 'must be the user name by which the API server knows Postern')
    .default('system:serviceaccount:postern-system:postern')
    .meta({ description: 'The user name by which the API servers know Postern.' }),
  mode: mode.default('audit').meta({
    description:
      'What the API server does when anyone but Postern writes a role that a guardrail forbids. Postern itself is always denied.',
  }),
  guardrails: z
    .record(z.string().min(1).max(63), mode)
    .default({})
    .meta({ description: 'The mode of single guardrails, by name.' }),
})
export type AdmissionSection = z.infer<typeof admissionSection>

/** A policy without the section enforces the same as one with an empty section. */
export const defaultAdmission: AdmissionSection = admissionSection.parse({})
