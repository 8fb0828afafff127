'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { DraftField } from '#components/ui/draft-field'
import { useTextDraft, useTypedText } from '#components/ui/drafts'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = {
  requestId: string
  isMine: boolean
  /** Does the request wait for what its requester writes here? */
  isAnswer: boolean
  comment: FormAction<{ text: string }>
}

/** Writes a comment. An approver can say with it that they need information before they decide. */
export function CommentForm({ requestId, isMine, isAnswer, comment }: Props) {
  const { answer, form } = useFormAnswer(comment, () => text.forget())
  const text = useTextDraft(`comment ${requestId}`, answer.kept.text)
  useTypedText(form.ref, 'text', text)
  const problems = problemsAt('text', answer.error?.errors ?? [])
  const fields = (
    <form {...form} className="no-print mt-2 max-w-[72ch] space-y-2" aria-label="Comment">
      <input type="hidden" name="requestId" value={requestId} />
      <DraftField
        id="comment-text"
        name="text"
        label={isAnswer ? 'Your answer' : 'Comment'}
        hint={`${isMine ? 'The approvers are' : 'The requester is'} notified. Visible in the history.`}
        problems={problems}
        rows={2}
        draft={text}
      />
      <ActionProblem error={answer.error} besides={['text']} />
      <div className="flex flex-wrap gap-3">
        <SubmitButton name="needsInformation" value="" pending="Sending…">
          {isAnswer ? 'Answer' : 'Comment'}
        </SubmitButton>
        {!isMine && (
          <SubmitButton name="needsInformation" value="true" pending="Sending…">
            Request more information
          </SubmitButton>
        )}
      </div>
    </form>
  )
  if (isAnswer) return fields
  // Folded: an approver comes to decide, and rarely to write.
  return (
    <details className="no-print mt-1" open={answer.error !== null || text.isRestored || undefined}>
      <summary className="py-1 text-dense">
        {isMine ? 'Write a comment' : 'Write a comment, or request more information'}
      </summary>
      {fields}
    </details>
  )
}
