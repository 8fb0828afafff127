import { z } from 'zod'
import { revocationReason } from './request.ts'
import { revocationScopes, scopeName } from './revocation-scope.ts'
import { grantStatuses } from './status.ts'

const name = z
  .string()
  .regex(scopeName, 'must be a name')
  .refine((text) => text.isWellFormed(), 'must be a name')

/** The body of POST /api/v1/grants/revoke. */
export const bulkRevocationSchema = z
  .strictObject({
    by: z.enum(revocationScopes).meta({ description: 'What all the revoked access has in common.' }),
    name: name.meta({
      description: 'The ID of the person, or the name of the entitlement, namespace or cluster.',
    }),
    confirm: name.meta({
      description:
        'The name once more, so that a slip ends nothing; for a person, their name as Postern shows it or their ID.',
    }),
    reason: revocationReason,
  })
  .meta({ id: 'BulkRevocation' })
export type BulkRevocation = z.infer<typeof bulkRevocationSchema>

/** What a bulk revocation did. `remaining`: grants over the limit of one call, to be revoked by another. */
export const bulkRevocationResource = z
  .strictObject({
    revoked: z.array(z.strictObject({ id: z.string(), requestId: z.string(), status: z.enum(grantStatuses) })),
    notYours: z.int().meta({ description: 'Matching grants that the caller may see, but not revoke.' }),
    remaining: z.int().meta({ description: 'Matching grants beyond the 500 of one call. Call again.' }),
  })
  .meta({ id: 'BulkRevocationResult' })
export type BulkRevocationResult = z.infer<typeof bulkRevocationResource>
