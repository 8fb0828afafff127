import { z } from 'zod'
import { durationSchema } from './duration-schema.ts'
import { idSchema } from './ids.ts'
import { namespacePattern } from './namespaces.ts'
import { rulesSchema } from './rule.ts'
import { unprintable } from './unprintable.ts'

const namespaceName = z.string().regex(namespacePattern, 'must be the name of a namespace')

// As ranges, because the API's description publishes the patterns, see unprintable.ts.
const forbidden = '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069'
/** What trim() removes, as far as it is not forbidden. */
const blank = '\\t\\n\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'
const anyText = new RegExp(`^[^${forbidden}]*$`)
const textNotBlank = new RegExp(`^[${blank}]*[^${blank}${forbidden}][^${forbidden}]*$`)

/**
 * Text from a person. Control characters other than line breaks and tabs are refused, and so are the embeddings,
 * overrides and isolates of Unicode UAX #9, because they reorder the text that an approver reads. Line ends become
 * `\n`.
 * @param ifBlank what to answer to text without a visible character; without it such text is accepted
 */
export const prose = (max: number, ifBlank?: string) =>
  z
    .string()
    .max(max, `must be at most ${max} characters`)
    .regex(ifBlank === undefined ? anyText : textNotBlank, {
      error: ({ input }) =>
        ifBlank !== undefined && anyText.test(String(input))
          ? ifBlank
          : 'must not contain control characters or characters that reorder text',
    })
    .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
    .transform((text) => text.replace(/\r\n?/g, '\n').trim())

/** A name as typed. It may name nothing, but it is safe to look up and to show. */
const typedName = (max = 63) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(new RegExp(`^[^${unprintable}]+$`, 'u'), 'must be a name')
    .refine((text) => text.isWellFormed(), 'must be a name')

const timestamp = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' })
  .transform((text) => new Date(text))

/** The body of POST /api/v1/requests and of its preview. */
export const submissionSchema = z
  .strictObject({
    entitlement: typedName(),
    cluster: typedName(),
    namespaces: z
      .array(namespaceName)
      .min(1, 'name at least one namespace')
      .max(20, 'at most 20 namespaces in one request'),
    rules: rulesSchema.optional(),
    reason: prose(2000),
    ticket: prose(120).optional(),
    duration: durationSchema,
    startsAt: timestamp.optional(),
    extends: idSchema('grant').optional().meta({
      description:
        'A grant of yours that this request extends: the same entitlement, cluster, namespaces and rules (by default those of the grant), without a start. Once the new grant is active, this one ends as superseded.',
    }),
    agent: typedName(100)
      .optional()
      .meta({
        description:
          'The name of the program that submits this for the caller, such as an AI assistant. Approvers read it, the digest ' +
          'includes it, and `request.via` of guardrails is `agent`. A program that leaves it out can’t be told from a person.',
      }),
  })
  .meta({ id: 'Submission' })
  .transform(({ duration, ...rest }) => ({ ...rest, durationSeconds: duration }))
export type Submission = z.infer<typeof submissionSchema>

/** The body of POST /api/v1/requests/{id}/decisions. */
export const decisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'deny']),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be the digest of the request as you saw it, sha256:…'),
    note: prose(2000).optional(),
    narrow: z
      .strictObject({
        rules: rulesSchema.optional(),
        namespaces: z.array(namespaceName).min(1).max(20).optional(),
        duration: durationSchema.optional(),
      })
      .transform(({ duration, ...rest }) => ({
        ...rest,
        ...(duration === undefined ? {} : { durationSeconds: duration }),
      }))
      .optional(),
  })
  .meta({ id: 'DecisionInput' })
export type DecisionInput = z.infer<typeof decisionSchema>

export const revocationReason = prose(2000, 'give a reason')

/** The body of POST /api/v1/grants/{id}/revoke. */
export const revocationSchema = z.strictObject({ reason: revocationReason }).meta({ id: 'Revocation' })
