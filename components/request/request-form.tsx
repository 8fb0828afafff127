'use client'
import { useEffect, useEffectEvent, useState } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { describedBy, Field } from '#components/ui/field'
import { SubmitButton } from '#components/ui/submit-button'
import type { ActionError, ActionResult, FormAction } from '#lib/core/access/action-result'
import { durationInWords, secondsOf, shortDuration } from '#lib/core/access/duration'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Draft } from '#lib/core/access/form-input'
import { groupInWords } from '#lib/core/access/on-call'
import type { Preview } from '#lib/core/access/preview-resource'
import type { Violation } from '#lib/core/access/verdict-resource'
import { useFormAnswer } from '../ui/use-form-answer.ts'
import { firstDraft, localMinute, problemsAt, requirementsOf } from './draft.ts'
import { DurationSlider } from './duration-slider.tsx'
import { NamespaceChoice } from './namespace-choice.tsx'
import { PreviewPanel } from './preview-panel.tsx'
import { RuleEditor } from './rule-editor.tsx'
import { StartChoice } from './start-choice.tsx'

// Long enough not to preview after every letter, short enough to feel immediate.
const settleMs = 300

type Props = {
  entitlement: EntitlementResource
  known: Partial<Draft>
  preview: (form: FormData) => Promise<ActionResult<{ preview: Preview }>>
  submit: FormAction<Draft>
}

/** The request form, with the server's preview of it at its side. */
export function RequestForm({ entitlement, known, preview: previewOf, submit }: Props) {
  const { answer, form } = useFormAnswer(submit)
  const { error } = answer
  const [draft, setDraft] = useState(() => firstDraft(entitlement, { ...known, ...answer.kept }))
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  /** Fields that were changed since the last answer, whose errors no longer apply. */
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set())
  const [preview, setPreview] = useState<Preview | null>(null)
  const [refused, setRefused] = useState<ActionError | null>(null)
  const [checking, setChecking] = useState(true)

  const check = useEffectEvent(async () => (form.ref.current ? previewOf(new FormData(form.ref.current)) : null))
  // biome-ignore lint/correctness/useExhaustiveDependencies: a changed draft needs a new preview
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
  }, [draft])

  const write = (part: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...part }))
    setChanged((before) => new Set([...before, ...fieldsOf(part)]))
  }
  const change = (part: Partial<Draft>) => {
    write(part)
    setTouched((before) => new Set([...before, ...fieldsOf(part)]))
  }
  const answered = (error?.errors ?? []).filter(({ pointer }) => !changed.has(pointer.split('/')[1] ?? ''))
  const everything = [...(refused?.errors ?? preview?.verdict.violations ?? []), ...answered]
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
  const left = new Set(everything.map((one) => one.pointer + ('sentence' in one ? one.sentence : one.message))).size

  return (
    <form
      {...form}
      className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.05fr)]"
      onSubmit={() => setChanged(new Set())}
    >
      <input type="hidden" name="entitlement" value={entitlement.name} />
      <input type="hidden" name="cluster" value={draft.cluster} />
      <div className="space-y-6">
        {entitlement.clusters.length > 1 ? (
          <Field id="cluster" label="Cluster" problems={problems('cluster')}>
            <noscript>
              <OtherClusters entitlement={entitlement} chosen={draft.cluster} />
            </noscript>
            <select
              id="cluster"
              className="control font-mono text-code noscript:hidden"
              aria-describedby={describedBy('cluster')}
              aria-invalid={problems('cluster').length > 0}
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
            name="reason"
            className="control"
            rows={3}
            maxLength={2000}
            aria-invalid={problems('reason').length > 0}
            aria-describedby={describedBy('reason')}
            value={draft.reason}
            onChange={(event) => write({ reason: event.target.value })}
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
            name="ticket"
            className="control font-mono text-code"
            maxLength={120}
            autoComplete="off"
            aria-invalid={problems('ticket').length > 0}
            aria-describedby={describedBy('ticket')}
            value={draft.ticket}
            onChange={(event) => write({ ticket: event.target.value })}
            onBlur={(event) => event.target.value && change({ ticket: event.target.value })}
          />
        </Field>
        <DurationSlider
          id="duration"
          label="Duration"
          seconds={draft.durationSeconds}
          max={max}
          why={`Up to ${durationInWords(max)}, ${limiter}. The time runs from the start of the access.`}
          problems={problems('duration')}
          onChange={(durationSeconds) => change({ durationSeconds })}
        />
        <StartChoice
          value={draft.startsAt}
          problems={problems('startsAt')}
          onChange={(startsAt) => change({ startsAt })}
        />
        <ActionProblem error={error} besides={fields} />
        <div className="sticky bottom-foot z-10 -mx-4 flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line bg-ground px-4 py-3 rail:static rail:mx-0 rail:border-0 rail:p-0">
          <SubmitButton kind="primary" pending="Submitting…">
            <span>
              Request access
              {/* Without scripts the label could not follow the chosen duration. */}
              <span className="noscript:hidden"> for {shortDuration(draft.durationSeconds)}</span>
            </span>
          </SubmitButton>
          <p className="text-dense text-muted">{outlook(preview, left, checking)}</p>
        </div>
      </div>
      <div className="lg:sticky lg:top-8 lg:self-start lg:border-l lg:border-line lg:pl-8">
        <PreviewPanel
          entitlement={entitlement}
          preview={refused || !preview ? null : { ...preview, verdict: { ...preview.verdict, violations: broken } }}
          needed={refused ? refused.errors.map((one) => one.message) : empty.map((one) => one.sentence)}
          problem={refused && refused.errors.length === 0 ? refused.sentence : ''}
          namespaces={draft.namespaces}
          busy={checking}
          beginAt={(time) => change({ startsAt: localMinute(time) })}
        />
      </div>
    </form>
  )
}

const fields = ['cluster', 'namespaces', 'rules', 'reason', 'ticket', 'duration', 'startsAt']

/** The fields of the API that these parts of a draft become. */
const fieldsOf = (part: Partial<Draft>) =>
  Object.keys(part).map((key) => (key === 'durationSeconds' ? 'duration' : key))

/** Without scripts, the namespaces of another cluster need another page. */
function OtherClusters({ entitlement, chosen }: { entitlement: EntitlementResource; chosen: string }) {
  return (
    <span>
      <code>{chosen}</code>. Choose another one first:{' '}
      {entitlement.clusters
        .filter(({ name }) => name !== chosen)
        .map(({ name }) => (
          <a
            key={name}
            className="link mr-3"
            href={`/requests/new?${new URLSearchParams({ entitlement: entitlement.name, cluster: name })}`}
          >
            <code>{name}</code>
          </a>
        ))}
    </span>
  )
}

function outlook(preview: Preview | null, left: number, checking: boolean): string {
  if (!preview && checking) return ''
  if (left > 0) return left === 1 ? '1 problem left to fix.' : `${left} problems left to fix.`
  const open = preview?.steps ?? []
  if (open.length === 0) return 'No approval needed.'
  return `Needs approval from ${open.map((step) => `${step.count} of ${step.groups.map(groupInWords).join(' or ')}`).join(' and ')}.`
}
