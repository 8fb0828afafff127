import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import type { RequestResource } from '#lib/core/access/request-resource'
import { CommentForm } from './comment-form.tsx'

type Props = { request: RequestResource; isMine: boolean; comment: FormAction<{ text: string }> }

/** Is there anything to show, or to write? */
export const hasComments = ({ comments, mayComment }: RequestResource): boolean => comments.length > 0 || mayComment.may

/** What the requester and the approvers wrote to each other, oldest first, and the form for more. */
export function Comments({ request, isMine, comment }: Props) {
  const { comments, mayComment, needsInformationSince } = request
  return (
    <>
      {comments.length > 0 && (
        <ul className="max-w-[72ch]">
          {comments.map((one) => (
            <li key={one.id} className="border-b border-line py-2">
              <p className="text-dense text-muted">
                <span className="text-ink">
                  <UntrustedText>{one.person.name}</UntrustedText>
                </span>{' '}
                <Time at={one.at} />
                {one.needsInformation && <span className="text-ending"> · needs more information</span>}
              </p>
              <UntrustedText lines>{one.text}</UntrustedText>
            </li>
          ))}
        </ul>
      )}
      {needsInformationSince && (
        <p className="mt-2 text-dense text-ending">
          Reminders and escalation wait until{' '}
          {isMine ? 'you answer' : <UntrustedText>{`${request.requester.name} answers`}</UntrustedText>}.
        </p>
      )}
      {mayComment.may && (
        <CommentForm
          requestId={request.id}
          isMine={isMine}
          isAnswer={isMine && needsInformationSince !== null}
          comment={comment}
        />
      )}
    </>
  )
}
