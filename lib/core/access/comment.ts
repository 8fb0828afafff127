import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { prose } from './request.ts'
import { time } from './resource-fields.ts'

/**
 * Of the requester on one request, and of its approvers together, so that no one buries what matters. NB: counted apart. Or else approvers
 * could keep a requester from answering, or a requester keep them from asking, with comments alone.
 */
export const mostComments = 25

/** The body of POST /api/v1/requests/{id}/comments. */
export const commentSchema = z
  .strictObject({
    text: prose(2000, 'write something'),
    needsInformation: z.boolean().optional().meta({
      description: 'For approvers: reminders and escalation wait until the requester answers with a comment.',
    }),
  })
  .meta({ id: 'CommentInput' })
export type CommentInput = z.infer<typeof commentSchema>

/** What the requester or an approver wrote about a pending request. It is never changed or deleted. */
export const commentResource = z
  .strictObject({ id: z.string(), person: personResource, text: z.string(), needsInformation: z.boolean(), at: time })
  .meta({ id: 'Comment' })
