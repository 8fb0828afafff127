// Who may comment on a request: its requester, and those who may decide it, for as long as it waits.
import { mostComments } from '#lib/core/access/comment'
import type { May } from '#lib/core/access/may'
import type { RequestStatus } from '#lib/core/access/status'

export type CommentFacts = {
  isRequester: boolean
  /** Could this person decide the request, if they had not decided it yet? */
  couldDecide: boolean
  status: RequestStatus
  /** It is past its deadline, whether or not a worker has closed it. */
  isExpired: boolean
  /** How many comments it has of the requester, if this is the requester, or else of everyone else. */
  count: number
}

/** How many of the comments are of the same side as this person. */
export const commentsOfSide = (
  comments: ReadonlyArray<{ personId: string }>,
  { requesterId, isRequester }: { requesterId: string; isRequester: boolean },
): number => comments.filter(({ personId }) => (personId === requesterId) === isRequester).length

export const notCommentingCodes = ['not-theirs', 'not-pending', 'too-many'] as const
export type NotCommentingCode = (typeof notCommentingCodes)[number]

export function mayComment(facts: CommentFacts): May & { code?: NotCommentingCode } {
  const denied = (code: NotCommentingCode, why: string) => ({ may: false as const, why, code })
  if (!facts.isRequester && !facts.couldDecide)
    return denied('not-theirs', 'Only the requester and those who may decide this request can comment on it.')
  if (facts.status !== 'pending' || facts.isExpired)
    return denied('not-pending', 'This request no longer waits for a decision.')
  if (facts.count >= mostComments)
    return denied('too-many', `A request has at most ${mostComments} comments of its requester, and as many of others.`)
  return { may: true }
}
