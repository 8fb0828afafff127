'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { DraftField } from '#components/ui/draft-field'
import { useTextDraft, useTypedText } from '#components/ui/drafts'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { type ReviewOutcome, reviewOutcomes } from '#lib/core/access/break-glass'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = { requestId: string; review: FormAction<{ note: string; outcome: string }> }

const choices: Record<ReviewOutcome, string> = {
  justified: 'Justified: it was an emergency, and the calls fit the reason',
  'not-justified': 'Not justified',
}

/** Records whether break-glass access was justified. */
export function ReviewPanel({ requestId, review }: Props) {
  const { answer, form } = useFormAnswer(review, () => note.forget())
  const note = useTextDraft(`review ${requestId}`, answer.kept.note)
  useTypedText(form.ref, 'note', note)
  const problems = problemsAt('note', answer.error?.errors ?? [])
  const unchosen = problemsAt('outcome', answer.error?.errors ?? [])
  return (
    <form {...form} className="mt-3 max-w-[72ch] space-y-3">
      <input type="hidden" name="requestId" value={requestId} />
      <fieldset>
        <legend className="font-strong">Was this access justified?</legend>
        {reviewOutcomes.map((outcome) => (
          <label key={outcome} className="flex items-baseline gap-2 py-1">
            <input
              type="radio"
              name="outcome"
              value={outcome}
              required
              defaultChecked={answer.kept.outcome === outcome}
              aria-invalid={unchosen.length > 0}
            />
            {choices[outcome]}
          </label>
        ))}
      </fieldset>
      <DraftField
        id="review-note"
        name="note"
        label="Note"
        hint="What you looked at. Visible to the holder and in the history."
        problems={problems}
        rows={3}
        draft={note}
      />
      <ActionProblem error={answer.error} besides={['note']} />
      <SubmitButton kind="primary" pending="Recording…">
        Record the review
      </SubmitButton>
    </form>
  )
}
