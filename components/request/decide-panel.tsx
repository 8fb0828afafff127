'use client'
import { useEffect, useRef, useState } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import { Notice } from '#components/ui/notice'
import { SubmitButton } from '#components/ui/submit-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { secondsOf, shortDuration } from '#lib/core/access/duration'
import type { DecisionDraft } from '#lib/core/access/form-input'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { useFormAnswer } from '../ui/use-form-answer.ts'
import { problemsAt } from './draft.ts'
import { type Narrowed, NarrowFields } from './narrow-fields.tsx'

type Props = {
  request: Pick<
    RequestSummary,
    'id' | 'digest' | 'namespaces' | 'rules' | 'clusterRole' | 'duration' | 'can' | 'requester' | 'signatureFailure'
  >
  decide: FormAction<DecisionDraft>
  focusAfter?: string
}

/**
 * Approves or denies without leaving the page. `a` and `d` focus a button and Enter presses it: two keys, so that a stray
 * letter never decides. The decision carries the digest of the displayed terms; the server rejects any other.
 */
export function DecidePanel({ request, decide, focusAfter = 'decided' }: Props) {
  const { answer, form } = useFormAnswer(decide, () =>
    requestAnimationFrame(() => document.getElementById(focusAfter)?.focus()),
  )
  const { error, kept } = answer
  const [note, setNote] = useState(kept.note ?? '')
  const [narrowing, setNarrowing] = useState(() => ({
    ...narrowedOf(request),
    ...(kept.digest === request.digest ? kept : {}),
    digest: request.digest,
  }))
  const approve = useRef<HTMLButtonElement>(null)
  const deny = useRef<HTMLButtonElement>(null)
  const may = request.can.decide
  // Another approver may have narrowed the terms since.
  const narrowed = narrowing.digest === request.digest ? narrowing : narrowedOf(request)
  const isNarrowed = JSON.stringify(termsOf(narrowed)) !== JSON.stringify(termsOf(narrowedOf(request)))

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null
      if (event.metaKey || event.ctrlKey || event.altKey || target?.closest('input, textarea, select, dialog')) return
      if (event.key === 'a') approve.current?.focus()
      else if (event.key === 'd') deny.current?.focus()
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])

  const signatureFailure = request.signatureFailure && (
    <Notice>
      <p id={`signature-failure-${request.id}`}>
        {request.signatureFailure} This request can’t be approved. Deny it, so that the requester can submit a new one.
      </p>
    </Notice>
  )
  if (!may.may)
    return (
      <>
        {signatureFailure}
        <p className="text-dense text-muted">{may.why}</p>
      </>
    )

  const problems = (field: string) => problemsAt(field, error?.errors ?? [])
  const isNarrowingInvalid = ['duration', 'namespaces', 'rules'].some((part) => problems(`narrow/${part}`).length > 0)
  return (
    <form {...form} className="no-print space-y-3" aria-label="Your decision">
      <input type="hidden" name="requestId" value={request.id} />
      <input type="hidden" name="digest" value={request.digest} />
      {signatureFailure}
      <Field
        id="note"
        label="Note"
        aside={
          <>
            optional, visible to <UntrustedText>{request.requester.name}</UntrustedText> and in the history
          </>
        }
        problems={problems('note')}
      >
        <textarea
          id="note"
          name="note"
          className="control min-h-10!"
          rows={1}
          maxLength={2000}
          aria-describedby={describedBy('note')}
          aria-invalid={problems('note').length > 0}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </Field>
      <details open={isNarrowingInvalid || undefined}>
        <summary className="text-dense text-muted">
          {isNarrowed ? 'Narrowed: less than requested' : 'Narrow the request'}
        </summary>
        <NarrowFields
          request={request}
          narrowed={narrowed}
          problems={(field) => problems(`narrow/${field}`)}
          onChange={(next) => setNarrowing({ ...next, digest: request.digest })}
        />
      </details>
      <ActionProblem
        error={error}
        besides={['note', 'narrow/duration', 'narrow/namespaces', ...(request.clusterRole ? [] : ['narrow/rules'])]}
      />
      <div className="sticky bottom-16 z-10 -mx-4 flex flex-wrap items-center gap-3 border-t border-line bg-ground px-4 py-3 rail:bottom-0 rail:mx-0 rail:px-0">
        <SubmitButton
          ref={approve}
          kind="primary"
          name="decision"
          value="approve"
          pending="Approving…"
          disabled={request.signatureFailure !== null}
          aria-describedby={request.signatureFailure === null ? undefined : `signature-failure-${request.id}`}
          aria-keyshortcuts="a"
        >
          Approve for {shortDuration(narrowed.durationSeconds)}
        </SubmitButton>
        <SubmitButton ref={deny} kind="danger" name="decision" value="deny" pending="Denying…" aria-keyshortcuts="d">
          Deny
        </SubmitButton>
        <span className="hidden text-dense text-muted rail:inline noscript:hidden">
          <kbd>a</kbd> or <kbd>d</kbd>, then <kbd>Enter</kbd>
        </span>
      </div>
    </form>
  )
}

/** The terms of a request, as the controls that narrow them begin. */
const narrowedOf = ({ rules, namespaces, duration }: Props['request']): Narrowed => ({
  rules,
  namespaces,
  durationSeconds: secondsOf(duration),
})

const termsOf = ({ rules, namespaces, durationSeconds }: Narrowed) => [rules, namespaces, durationSeconds]
