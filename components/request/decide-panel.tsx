'use client'
import { clsx } from 'clsx'
import { type ReactNode, useLayoutEffect, useRef } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { useDraft, useTextDraft, useTypedText } from '#components/ui/drafts'
import { describedBy, Problems } from '#components/ui/field'
import { Notice } from '#components/ui/notice'
import { SubmitButton } from '#components/ui/submit-button'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import { secondsOf, shortDuration } from '#lib/core/access/duration'
import type { DecisionDraft } from '#lib/core/access/form-input'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { buttonStyle } from '../ui/button-style.ts'
import { problemsAt } from '../ui/problems-at.ts'
import { areSingleKeysOff } from '../ui/single-keys.ts'
import { useFormAnswer } from '../ui/use-form-answer.ts'
import { barStyle } from './decision-bar.ts'
import { noteDraft, SecondsLeft, useDenials } from './denials.tsx'
import { type Narrowed, NarrowFields } from './narrow-fields.tsx'

type Props = {
  request: Pick<
    RequestSummary,
    | 'id'
    | 'digest'
    | 'title'
    | 'namespaces'
    | 'rules'
    | 'clusterRole'
    | 'duration'
    | 'can'
    | 'requester'
    | 'signatureFailure'
    | 'extends'
  >
  decide: FormAction<DecisionDraft>
  /** The id of the request's headline. The keys decide only what is on screen. */
  headline: string
  /** What comes after a decision: *Next request*. */
  next?: ReactNode
}

/** Is the beginning of this element in view, with nothing over it? */
function isOnScreen(element: HTMLElement): boolean {
  const { left, top } = element.getBoundingClientRect()
  return element.contains(document.elementFromPoint(left + 4, top + 4))
}

/** Has the reader moved on to another row whose request is not shown yet? */
const isElsewhere = (requestId: string) => {
  const row = document.activeElement?.closest<HTMLElement>('[data-request]')
  return row !== undefined && row !== null && row.dataset.request !== requestId
}

/**
 * Approves or denies without leaving the page. `a` and `d` focus a button and Enter presses it: two keys, so that a stray
 * letter never decides. They act only while the request's headline is on screen, and otherwise bring it back. The
 * decision carries the digest of the displayed terms; the server rejects any other. With scripts a denial is sent after
 * ten seconds (denials.tsx), so it can be taken back.
 */
export function DecidePanel({ request, decide, headline, next }: Props) {
  const forget = () => {
    note.forget()
    narrowing.forget()
  }
  const { answer, form } = useFormAnswer(decide, forget, () =>
    requestAnimationFrame(() => document.getElementById(next ? 'next-request' : 'decided')?.focus()),
  )
  const denials = useDenials()
  const { error, kept } = answer
  const note = useTextDraft(noteDraft(request.id), kept.note)
  useTypedText(form.ref, 'note', note)
  const narrowing = useDraft<Narrowed & { digest: string }>(
    `narrowing ${request.id}`,
    {
      ...narrowedOf(request),
      ...(kept.digest === request.digest ? kept : {}),
      digest: request.digest,
    },
    (stored): stored is Narrowed & { digest: string } =>
      (stored as { digest?: unknown } | null)?.digest === request.digest,
  )
  const approve = useRef<HTMLButtonElement>(null)
  const deny = useRef<HTMLButtonElement>(null)
  const may = request.can.decide
  // Another approver may have narrowed the terms since.
  const narrowed = narrowing.value.digest === request.digest ? narrowing.value : narrowedOf(request)
  const isNarrowed = JSON.stringify(termsOf(narrowed)) !== JSON.stringify(termsOf(narrowedOf(request)))

  // NB: not useEffect, which React runs in a later task: a key in between would be lost, and the page would do nothing.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null
      if (event.metaKey || event.ctrlKey || event.altKey || target?.closest('input, textarea, select, dialog')) return
      if (areSingleKeysOff()) return
      const button = event.key === 'a' ? approve.current : event.key === 'd' ? deny.current : null
      const title = document.getElementById(headline)
      if (!button || !title || isElsewhere(request.id)) return
      event.preventDefault()
      if (isOnScreen(title)) button.focus({ preventScroll: true })
      else title.scrollIntoView({ block: 'center' })
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [headline, request.id])

  const failure = request.signatureFailure ?? request.extends?.void ?? null
  const whyNotApprove = failure !== null && (
    <Notice>
      <p id={`no-approval-${request.id}`}>
        {failure} This request can’t be approved.
        {request.signatureFailure && ' Deny it, so that the requester can submit a new one.'}
      </p>
    </Notice>
  )
  if (!may.may)
    return (
      <div className={barStyle}>
        {whyNotApprove}
        <p className="flex-1 self-center text-dense text-muted">{may.why}</p>
        {next}
      </div>
    )

  const dueAt = denials.dueAt(request.id)
  if (dueAt !== undefined)
    return (
      <div className={clsx(barStyle, 'items-center!')}>
        <p className="text-bad">
          <span role="status">Denied.</span> <span className="text-muted">It is sent</span>{' '}
          <SecondsLeft until={dueAt} />
        </p>
        <button type="button" className={buttonStyle('plain')} onClick={() => denials.undo(request.id)}>
          Undo
        </button>
        {next && <div className="ml-auto">{next}</div>}
      </div>
    )

  const problems = (field: string) => problemsAt(field, error?.errors ?? [])
  const isNarrowingInvalid = ['duration', 'namespaces', 'rules'].some((part) => problems(`narrow/${part}`).length > 0)
  return (
    <form
      {...form}
      className={barStyle}
      aria-label="Your decision"
      onSubmit={(event) => {
        const { submitter } = event.nativeEvent as SubmitEvent
        if (submitter !== deny.current) return
        event.preventDefault()
        const { id, digest, title, requester } = request
        denials.deny([{ id, digest, title, requester: requester.name }], note.value)
      }}
    >
      <input type="hidden" name="requestId" value={request.id} />
      <input type="hidden" name="digest" value={request.digest} />
      {whyNotApprove && <div className="basis-full">{whyNotApprove}</div>}
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
          value={note.value}
          onChange={(event) => note.set(event.target.value)}
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
          {!isNarrowed && <span className="sr-only"> the request</span>}
        </summary>
        <div className="max-h-[35dvh] overflow-y-auto pb-2">
          <NarrowFields
            request={request}
            narrowed={narrowed}
            problems={(field) => problems(`narrow/${field}`)}
            onChange={(next) => narrowing.set({ ...next, digest: request.digest })}
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
          disabled={failure !== null}
          aria-describedby={failure === null ? undefined : `no-approval-${request.id}`}
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
