'use client'
import { useEffect, useRef, useState } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Problems } from '#components/ui/field'
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
 * The foot of a request: always in view while any part of the request is, above the bottom bar of a phone. NB: a sticky
 * element stays within its parent, so the parent must hold the whole request.
 */
const barStyle =
  'no-print sticky bottom-foot z-10 -mx-4 flex flex-wrap items-start gap-x-4 gap-y-2 border-t border-edge bg-ground px-4 py-3 rail:mx-0 rail:px-0'

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
      <div className={barStyle}>
        {signatureFailure}
        <p className="text-dense text-muted">{may.why}</p>
      </div>
    )

  const problems = (field: string) => problemsAt(field, error?.errors ?? [])
  const isNarrowingInvalid = ['duration', 'namespaces', 'rules'].some((part) => problems(`narrow/${part}`).length > 0)
  return (
    <form {...form} className={barStyle} aria-label="Your decision">
      <input type="hidden" name="requestId" value={request.id} />
      <input type="hidden" name="digest" value={request.digest} />
      {signatureFailure && <div className="basis-full">{signatureFailure}</div>}
      {error && (
        <div className="max-h-[25dvh] basis-full overflow-y-auto">
          <ActionProblem
            error={error}
            besides={['note', 'narrow/duration', 'narrow/namespaces', ...(request.clusterRole ? [] : ['narrow/rules'])]}
          />
        </div>
      )}
      <div className="min-w-48 flex-1 basis-full sm:basis-0">
        <label htmlFor="note" className="sr-only">
          Note
        </label>
        <textarea
          id="note"
          name="note"
          className="control max-h-24 min-h-9! text-dense"
          rows={1}
          maxLength={2000}
          placeholder="Note (optional), shown to the requester"
          aria-describedby={describedBy('note')}
          aria-invalid={problems('note').length > 0}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
        <div id={describedBy('note')}>
          <span className="sr-only">
            Optional. Visible to <UntrustedText>{request.requester.name}</UntrustedText> and in the history.
          </span>
          <Problems of={problems('note')} />
        </div>
      </div>
      <details open={isNarrowingInvalid || undefined} className="open:order-first open:basis-full">
        <summary className="py-1.5 text-dense text-muted">
          {isNarrowed ? 'Narrowed: less than requested' : 'Narrow'}
        </summary>
        <div className="max-h-[35dvh] overflow-y-auto pb-2">
          <NarrowFields
            request={request}
            narrowed={narrowed}
            problems={(field) => problems(`narrow/${field}`)}
            onChange={(next) => setNarrowing({ ...next, digest: request.digest })}
          />
        </div>
      </details>
      <div className="ml-auto flex gap-3">
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
          <span>
            Approve
            {/* Without scripts the label could not follow the chosen duration. */}
            <span className="noscript:hidden"> for {shortDuration(narrowed.durationSeconds)}</span>
          </span>
        </SubmitButton>
        <SubmitButton ref={deny} kind="danger" name="decision" value="deny" pending="Denying…" aria-keyshortcuts="d">
          Deny
        </SubmitButton>
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
