'use client'
import { useEffect, useEffectEvent, useMemo, useRef, useState, useTransition } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import { durationInWords, secondsOf, shortDuration } from '#lib/core/access/duration'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Preview } from '#lib/core/access/preview-resource'
import type { SubmissionBody } from '#lib/core/access/request'
import type { Violation } from '#lib/core/access/verdict-resource'
import { buttonStyle } from '../ui/button-style.ts'
import { type Draft, firstDraft, localMinute, problemsAt, requirementsOf, submissionOf } from './draft.ts'
import { DurationSlider } from './duration-slider.tsx'
import { NamespaceChoice } from './namespace-choice.tsx'
import { PreviewPanel } from './preview-panel.tsx'
import { RuleEditor } from './rule-editor.tsx'
import { StartChoice } from './start-choice.tsx'

export type { Draft } from './draft.ts'

// Long enough not to preview after every letter, short enough to feel immediate.
const settleMs = 300

type Props = {
  entitlement: EntitlementResource
  known: Partial<Draft>
  preview: (body: SubmissionBody) => Promise<ActionResult<{ preview: Preview }>>
  submit: (body: SubmissionBody) => Promise<ActionResult>
}

/** The request form, with the server's preview of it at its side. */
export function RequestForm({ entitlement, known, preview: previewOf, submit }: Props) {
  const [draft, setDraft] = useState(() => firstDraft(entitlement, known))
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [preview, setPreview] = useState<Preview | null>(null)
  const [refused, setRefused] = useState<ActionError | null>(null)
  const [checking, setChecking] = useState(true)
  const [error, setError] = useState<ActionError | null>(null)
  const [sending, send] = useTransition()
  const form = useRef<HTMLFormElement>(null)
  const body = useMemo(() => submissionOf(entitlement, draft), [entitlement, draft])

  const check = useEffectEvent(() => previewOf(body))
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new body needs a new preview
  useEffect(() => {
    let current = true
    setChecking(true)
    const timer = setTimeout(async () => {
      const result = await check().catch(() => null)
      if (!current) return
      setChecking(false)
      setRefused(result?.error ?? null)
      if (result && !result.error) setPreview(result.preview)
    }, settleMs)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [body])

  const change = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }))
    setTouched(
      (before) => new Set([...before, ...Object.keys(part).map((key) => (key === 'seconds' ? 'duration' : key))]),
    )
  }
  const everything = [...(refused?.errors ?? preview?.verdict.violations ?? []), ...(error?.errors ?? [])]
  // An empty field is still needed; only a filled one can be wrong.
  const isEmpty = ({ pointer }: Violation) =>
    (pointer === '/reason' && !draft.reason.trim()) || (pointer === '/ticket' && !draft.ticket.trim())
  const empty = (preview?.verdict.violations ?? []).filter(isEmpty)
  const broken = (preview?.verdict.violations ?? []).filter((one) => !isEmpty(one))
  const problems = (field: string) => (touched.has(field) || error ? [...new Set(problemsAt(field, everything))] : [])
  const cluster = entitlement.clusters.find((one) => one.name === draft.cluster)
  const most = secondsOf(entitlement.maxDuration)
  const max = Math.min(most, (preview && secondsOf(preview.maxDuration)) || most)
  const limiter = max < most ? 'limited by a guardrail' : 'the limit of this entitlement'
  const required = requirementsOf(entitlement, preview)
  const missing = everything.length
  const essence = shortDuration(draft.seconds)

  const submitDraft = () =>
    send(async () => {
      const result = await submit(body)
      // A successful action has already redirected to the new request.
      if (!result?.error) return
      setError(result.error)
      requestAnimationFrame(() =>
        form.current?.querySelector<HTMLElement>('[aria-invalid=true], [role=alert] a, [role=alert]')?.focus(),
      )
    })

  return (
    <form
      ref={form}
      className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.05fr)]"
      onSubmit={(event) => {
        event.preventDefault()
        submitDraft()
      }}
    >
      <div className="space-y-6">
        {entitlement.clusters.length > 1 ? (
          <Field id="cluster" label="Cluster" problems={problems('cluster')}>
            <select
              id="cluster"
              className="control font-mono text-code"
              value={draft.cluster}
              onChange={(event) => change({ cluster: event.target.value, namespaces: [] })}
            >
              {entitlement.clusters.map((one) => (
                <option key={one.name} value={one.name}>
                  {one.reachable ? one.name : `${one.name} (unreachable)`}
                </option>
              ))}
            </select>
          </Field>
        ) : (
          <p>
            <span className="mr-3 font-strong">Cluster</span>
            <code>{draft.cluster}</code>
            {!cluster?.reachable && <span className="ml-2 text-ending">unreachable right now</span>}
          </p>
        )}
        <NamespaceChoice
          key={draft.cluster}
          known={cluster?.namespaces ?? []}
          chosen={draft.namespaces}
          patterns={entitlement.namespaces}
          reachable={cluster?.reachable ?? false}
          problems={problems('namespaces')}
          onChange={(namespaces) => change({ namespaces })}
        />
        {entitlement.kind === 'ceiling' && (
          <RuleEditor
            ceiling={entitlement.rules}
            initial={draft.rules}
            problems={problems('rules')}
            onChange={(rules) => change({ rules })}
          />
        )}
        <Field
          id="reason"
          label="Reason"
          hint={
            required.reasonMinLength > 1
              ? `At least ${required.reasonMinLength} characters. Visible to approvers and in the history.`
              : 'Visible to approvers and in the history.'
          }
          problems={problems('reason')}
        >
          <textarea
            id="reason"
            className="control"
            rows={3}
            maxLength={2000}
            aria-invalid={problems('reason').length > 0}
            aria-describedby={describedBy('reason')}
            value={draft.reason}
            onChange={(event) => setDraft((before) => ({ ...before, reason: event.target.value }))}
            onBlur={(event) => event.target.value && change({ reason: event.target.value })}
          />
        </Field>
        <Field
          id="ticket"
          label="Ticket"
          optional={!required.ticketRequired}
          hint={
            required.ticketPatterns.length > 0 ? (
              <>
                Format: <code>{required.ticketPatterns.join(' and ')}</code>
              </>
            ) : undefined
          }
          problems={problems('ticket')}
        >
          <input
            id="ticket"
            className="control font-mono text-code"
            maxLength={120}
            autoComplete="off"
            aria-invalid={problems('ticket').length > 0}
            aria-describedby={describedBy('ticket')}
            value={draft.ticket}
            onChange={(event) => setDraft((before) => ({ ...before, ticket: event.target.value }))}
            onBlur={(event) => event.target.value && change({ ticket: event.target.value })}
          />
        </Field>
        <DurationSlider
          id="duration"
          label="Duration"
          seconds={draft.seconds}
          max={max}
          why={`Up to ${durationInWords(max)}, ${limiter}. The time runs from the start of the access.`}
          problems={problems('duration')}
          onChange={(seconds) => change({ seconds })}
        />
        <StartChoice
          value={draft.startsAt}
          problems={problems('startsAt')}
          onChange={(startsAt) => change({ startsAt })}
        />
        <ActionProblem error={error} />
        <div className="sticky bottom-16 z-10 -mx-4 flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line bg-ground px-4 py-3 rail:static rail:mx-0 rail:border-0 rail:p-0">
          <button type="submit" className={buttonStyle('primary')} disabled={sending}>
            {sending ? 'Submitting…' : `Request access for ${essence}`}
          </button>
          <p className="text-dense text-muted">{outlook(preview, missing, checking)}</p>
        </div>
      </div>
      <div className="lg:sticky lg:top-8 lg:self-start lg:border-l lg:border-line lg:pl-8">
        <PreviewPanel
          entitlement={entitlement}
          preview={refused || !preview ? null : { ...preview, verdict: { ...preview.verdict, violations: broken } }}
          needed={refused ? messagesOf(refused) : empty.map((one) => one.sentence)}
          namespaces={draft.namespaces}
          busy={checking}
          beginAt={(time) => change({ startsAt: localMinute(time) })}
        />
      </div>
    </form>
  )
}

function outlook(preview: Preview | null, missing: number, checking: boolean): string {
  if (!preview && checking) return ''
  if (missing > 0) return missing === 1 ? '1 problem left to fix.' : `${missing} problems left to fix.`
  const open = preview?.steps ?? []
  if (open.length === 0) return 'No approval needed.'
  return `Needs approval from ${open.map((step) => `${step.count} of ${step.groups.join(' or ')}`).join(' and ')}.`
}

const messagesOf = ({ sentence, errors }: ActionError) =>
  errors.length > 0 ? errors.map((one) => one.message) : [sentence]
