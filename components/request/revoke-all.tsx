'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { DraftField } from '#components/ui/draft-field'
import { useTextDraft, useTypedText } from '#components/ui/drafts'
import { describedBy, Field } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { mostRevocations } from '#lib/core/access/revocation-scope'
import { visibleText } from '#lib/core/access/visible-text'
import { problemsAt } from '../ui/problems-at.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'
import type { Scope } from './scope-filter.tsx'

const inWords = { person: 'of', entitlement: 'of the entitlement', namespace: 'in', cluster: 'on' }

type Props = { scope: Scope; revokeAll: FormAction<{ reason: string; confirm: string }> }

/** Ends all live access of a scope. It says what it ends, and needs the name of the scope, typed. */
export function RevokeAll({ scope, revokeAll }: Props) {
  const forget = () => reason.forget()
  const { answer, form } = useFormAnswer(revokeAll, forget, () => document.getElementById('headline')?.focus())
  const problems = (field: string) => problemsAt(field, answer.error?.errors ?? [])
  const { by, name, label, count, revocable } = scope
  // The typed name is no draft: it confirms this one revocation.
  const reason = useTextDraft(`revoke all ${by} ${name}`, answer.kept.reason)
  useTypedText(form.ref, 'reason', reason)
  // The name of a person may have characters that no one can type; their ID confirms as well.
  const typed = by === 'person' && visibleText(label).every((part) => 'text' in part) ? label : name
  if (revocable === 0)
    return (
      <p className="pb-4 text-dense text-muted">
        There is nothing here that you can revoke: it is ending already, or other approvers decide about it.
      </p>
    )
  const many = revocable === 1 ? '1 grant' : `${revocable} grants`
  const rest = count - revocable
  return (
    <details
      className="mb-4 border-l-3 border-bad py-1 pl-3"
      open={answer.error !== null || reason.isRestored || undefined}
    >
      <summary className="py-1 text-bad">
        Revoke all access {inWords[by]} <UntrustedText>{label}</UntrustedText>
      </summary>
      <form {...form} className="mt-2 max-w-[36rem] space-y-4 pb-2">
        <input type="hidden" name="by" value={by} />
        <input type="hidden" name="name" value={name} />
        <p>
          This immediately ends {revocable === 1 ? 'the grant' : `the ${revocable} grants`} below, and any other that
          starts before you confirm. Every credential issued under them stops working.
          {rest > 0 && ` ${rest === 1 ? '1 more stays' : `${rest} more stay`}: ending already, or not yours to revoke.`}
          {revocable > mostRevocations && ` It ends ${mostRevocations} at a time.`}
        </p>
        <DraftField id="revoke-reason" name="reason" label="Reason" problems={problems('reason')} draft={reason} />
        <Field
          id="revoke-confirm"
          label="Type the name to confirm"
          hint={
            <code>
              <UntrustedText>{typed}</UntrustedText>
            </code>
          }
          problems={problems('confirm')}
        >
          <input
            id="revoke-confirm"
            name="confirm"
            className="control"
            required
            autoComplete="off"
            spellCheck={false}
            maxLength={320}
            aria-describedby={describedBy('revoke-confirm')}
            aria-invalid={problems('confirm').length > 0}
            defaultValue={answer.kept.confirm}
          />
        </Field>
        <ActionProblem error={answer.error} besides={['reason', 'confirm']} />
        <SubmitButton kind="danger" pending="Revoking…">
          Revoke {many}
        </SubmitButton>
      </form>
    </details>
  )
}
