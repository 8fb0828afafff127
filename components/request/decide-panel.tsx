'use client'
import { useEffect, useRef, useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { Notice } from '#components/ui/notice'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import { formatDuration, secondsOf, shortDuration } from '#lib/core/access/duration'
import type { DecisionBody } from '#lib/core/access/request'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { buttonStyle } from '../ui/button-style.ts'
import { type Narrowed, NarrowFields } from './narrow-fields.tsx'

type Props = {
  request: Pick<
    RequestSummary,
    'id' | 'digest' | 'namespaces' | 'rules' | 'clusterRole' | 'duration' | 'can' | 'requester' | 'signatureFailure'
  >
  decide: (requestId: string, body: DecisionBody) => Promise<ActionResult>
  focusAfter?: string
}

/**
 * Approves or denies without leaving the page. `a` and `d` focus a button and Enter presses it: two keys, so that a stray
 * letter never decides. The decision carries the digest of the displayed terms; the server rejects any other.
 */
export function DecidePanel({ request, decide, focusAfter = 'decided' }: Props) {
  const [note, setNote] = useState('')
  const [narrowed, setNarrowed] = useState({
    rules: request.rules,
    namespaces: request.namespaces,
    durationSeconds: secondsOf(request.duration),
  })
  const [error, setError] = useState<ActionError | null>(null)
  const [busy, start] = useTransition()
  const approve = useRef<HTMLButtonElement>(null)
  const deny = useRef<HTMLButtonElement>(null)
  const may = request.can.decide

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

  const narrow = narrowOf(request, narrowed)
  const send = (decision: 'approve' | 'deny') =>
    start(async () => {
      const result = await decide(request.id, {
        decision,
        digest: request.digest,
        ...(note.trim() ? { note } : {}),
        ...(decision === 'approve' && narrow ? { narrow } : {}),
      })
      setError(result.error)
      if (!result.error) requestAnimationFrame(() => document.getElementById(focusAfter)?.focus())
    })

  return (
    <form className="no-print space-y-3" aria-label="Your decision" onSubmit={(event) => event.preventDefault()}>
      {signatureFailure}
      <label className="block">
        <span className="mb-1 flex items-baseline justify-between gap-3">
          <span className="font-strong">Note</span>
          <span className="text-dense text-muted">
            optional, visible to <UntrustedText>{request.requester.name}</UntrustedText> and in the history
          </span>
        </span>
        <textarea
          className="control min-h-10!"
          rows={1}
          maxLength={2000}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
      <details>
        <summary className="text-dense text-muted">
          {narrow ? 'Narrowed: less than requested' : 'Narrow the request'}
        </summary>
        <NarrowFields request={request} narrowed={narrowed} onChange={setNarrowed} />
      </details>
      <ActionProblem error={error} />
      <div className="sticky bottom-16 z-10 -mx-4 flex flex-wrap items-center gap-3 border-t border-line bg-ground px-4 py-3 rail:bottom-0 rail:mx-0 rail:px-0">
        <button
          ref={approve}
          type="button"
          className={buttonStyle('primary')}
          disabled={busy || request.signatureFailure !== null}
          aria-describedby={request.signatureFailure === null ? undefined : `signature-failure-${request.id}`}
          aria-keyshortcuts="a"
          onClick={() => send('approve')}
        >
          Approve for {shortDuration(narrowed.durationSeconds)}
        </button>
        <button
          ref={deny}
          type="button"
          className={buttonStyle('danger')}
          disabled={busy}
          aria-keyshortcuts="d"
          onClick={() => send('deny')}
        >
          Deny
        </button>
        <span className="hidden text-dense text-muted rail:inline">
          <kbd>a</kbd> or <kbd>d</kbd>, then <kbd>Enter</kbd>
        </span>
      </div>
    </form>
  )
}

/** The differences from the request, as the API expects them; undefined if there are none. */
function narrowOf(request: Props['request'], { rules, namespaces, durationSeconds }: Narrowed): DecisionBody['narrow'] {
  const narrow = {
    ...(JSON.stringify(rules) === JSON.stringify(request.rules) ? {} : { rules }),
    ...(namespaces.length === request.namespaces.length ? {} : { namespaces }),
    ...(durationSeconds === secondsOf(request.duration) ? {} : { duration: formatDuration(durationSeconds) }),
  }
  return Object.keys(narrow).length ? narrow : undefined
}
