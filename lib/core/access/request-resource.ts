import { z } from 'zod'
import { commentResource } from './comment.ts'
import { decisionResource } from './decision-resource.ts'
import { differenceResource } from './difference.ts'
import { grantResource } from './grant-resource.ts'
import { may } from './may.ts'
import { personResource } from './person-resource.ts'
import { submittedVia } from './recorded-facts.ts'
import { duration, time } from './resource-fields.ts'
import { reviewResource } from './review.ts'
import { riskResource } from './risk-resource.ts'
import { ruleSchema } from './rule.ts'
import { endReasons, grantStatuses, requestStatuses } from './status.ts'
import { stepResource } from './step-resource.ts'
import { verdictResource } from './verdict-resource.ts'

/** What an extension continues. */
const extensionResource = z
  .strictObject({
    grantId: z.string(),
    heldSince: time.meta({ description: 'When the first access of the chain began.' }),
    total: duration.meta({
      description: 'How long access lasts with all its extensions, if this one begins at once: for approvers to read.',
    }),
    void: z.string().nullable().meta({
      description: 'Why it can no longer be approved: someone ended the access that it extends. Null if it can.',
    }),
  })
  .meta({ id: 'Extension' })

/** A request in a list. `requestResource` is the whole request. */
export const requestSummary = z
  .strictObject({
    id: z.string(),
    status: z.enum(requestStatuses),
    title: z.string(),
    entitlement: z.string(),
    requester: personResource,
    cluster: z.string(),
    namespaces: z.array(z.string()),
    rules: z.array(ruleSchema),
    clusterRole: z.string().nullable(),
    risk: riskResource,
    reason: z.string(),
    ticket: z.string().nullable(),
    duration,
    startsAt: time.nullable(),
    agent: z.string().nullable().meta({
      description: 'The program that submitted this for the requester, by its own word; null if it named none.',
    }),
    via: z.enum(submittedVia).nullable().meta({ description: 'How it was submitted, see the guardrails.' }),
    digest: z.string(),
    createdAt: time,
    lapsesAt: time,
    reviewDueAt: time
      .nullable()
      .meta({ description: 'When the review of break-glass access is due; null for any other request.' }),
    extends: extensionResource.nullable().meta({ description: 'The access that this request extends, if any.' }),
    resolvedAt: time.nullable(),
    needsInformationSince: time.nullable().meta({
      description: 'Since when the request waits for an answer of its requester; null if it does not.',
    }),
    steps: z.array(stepResource),
    signatureFailure: z.string().nullable().meta({
      description: 'Why the request cannot be approved, if Postern did not write its stored record; otherwise null.',
    }),
    grant: z
      .strictObject({
        id: z.string(),
        status: z.enum(grantStatuses),
        activatedAt: time.nullable(),
        expiresAt: time.nullable(),
        endedAt: time.nullable(),
        endedBy: z.enum(endReasons).nullable(),
        lastError: z.string().nullable(),
      })
      .nullable(),
    isLastQuarter: z.boolean().meta({ description: 'Whether the last quarter of the access has begun.' }),
    can: z.strictObject({ decide: may, withdraw: may, revoke: may, release: may, extend: may, issueCredential: may }),
  })
  .meta({ id: 'RequestSummary' })
export type RequestSummary = z.infer<typeof requestSummary>

export const requestResource = z
  .strictObject({
    ...requestSummary.shape,
    /** The submitted terms, if an approver has narrowed them since. */
    submittedTerms: z
      .strictObject({ namespaces: z.array(z.string()), rules: z.array(ruleSchema), duration, digest: z.string() })
      .nullable(),
    /** Computed now while the request is pending; afterwards as of its last judgement. */
    difference: differenceResource,
    verdict: verdictResource,
    decisions: z.array(decisionResource),
    comments: z.array(commentResource),
    mayComment: may,
    review: reviewResource.nullable(),
    mayReview: may,
    grant: grantResource.nullable(),
  })
  .meta({ id: 'Request' })
export type RequestResource = z.infer<typeof requestResource>
