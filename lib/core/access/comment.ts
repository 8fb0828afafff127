import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { prose } from './request.ts'
import { time } from './resource-fields.ts'

/** On one request, so that no one buries what matters. */
export const mostComments = 50

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
