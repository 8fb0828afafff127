'use client'
import { lazy, Suspense, useEffect, useEffectEvent, useState } from 'react'
import { ActionProblem } from '#components/ui/action-problem'
import { type StoredDraft, useDraft, useTypedBefore } from '#components/ui/drafts'
import { describedBy, Field } from '#components/ui/field'
import { RestoredDraft } from '#components/ui/restored-draft'
import { SubmitButton } from '#components/ui/submit-button'
import type { ActionError, ActionResult, FormAction } from '#lib/core/access/action-result'
import { durationInWords, secondsOf, shortDuration } from '#lib/core/access/duration'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { type Draft, draftInput } from '#lib/core/access/form-input'
import { groupsInWords } from '#lib/core/access/on-call'
import type { Preview } from '#lib/core/access/preview-resource'
import type { Offer } from '#lib/core/rbac/offered-resources'
import { useAfterPress } from '../ui/use-after-press.ts'
import { notReached, useFormAnswer } from '../ui/use-form-answer.ts'
import type { Connect } from './connect-sheet.tsx'
import { changedFields, firstDraft, isDraft, localMinute, requirementsOf } from './draft.ts'
import { DurationSlider } from './duration-slider.tsx'
import { asProblems, fieldOf, formFields, sortProblems } from './form-problems.ts'
import { NamespaceChoice } from './namespace-choice.tsx'
import { PreviewPanel } from './preview-panel.tsx'
import { StartChoice } from './start-choice.tsx'

// Most requests need neither of these scripts. NB: the editor has no Suspense boundary, see on-demand.tsx.
const AlreadyHeldNotice = lazy(() =>
  import('./already-held.tsx').then((loaded) => ({ default: loaded.AlreadyHeldNotice })),
)
const RuleEditor = lazy(() => import('./rule-editor.tsx').then((loaded) => ({ default: loaded.RuleEditor })))

// Long enough not to preview after every letter, short enough to feel immediate.
const settleMs = 300

type Props = {
  entitlement: EntitlementResource
  /** What can be chosen, for an entitlement with a ceiling. */
  offers: Offer[]
  known: Partial<Draft>
  /** The grant that the request extends; empty if it extends none. */
  extending: string
  preview: (form: FormData) => Promise<ActionResult<{ preview: Preview }>>
  submit: FormAction<Draft>
  connect: Connect
}

/** The request form, with the server's preview of it at its side. */
export function RequestForm({ entitlement, offers, known, extending, preview: previewOf, submit, connect }: Props) {
  const { answer, form } = useFormAnswer(submit, () => stored.forget())
  const { error } = answer
  // What is known belongs to the name: a draft is only continued where the form would start in the same way.
  const stored: StoredDraft<Draft> = useDraft(
    `request ${entitlement.name} ${JSON.stringify(known)}${extending && ` ${extending}`}`,
    firstDraft(entitlement, offers, { ...known, ...answer.kept }),
    isDraft,
  )
  const draft = stored.value
  useTypedBefore(form.ref, (typed) => {
    const changes = changedFields(draft, draftInput(typed))
    if (Object.keys(changes).length > 0) stored.set((before) => ({ ...before, ...changes }))
  })
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  /** Fields that were changed since the last answer, whose errors no longer apply. */
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set())
  const [preview, setPreview] = useState<Preview | null>(null)
  const [refused, setRefused] = useState<ActionError | null>(null)
  const [checking, setChecking] = useState(true)
  /** The draft that the last preview is about. */
  const [checked, setChecked] = useState<Draft | null>(null)
  const { press, afterPress } = useAfterPress()

  const check = useEffectEvent(async () => (form.ref.current ? previewOf(new FormData(form.ref.current)) : null))
  useEffect(() => {
    let current = true
    setChecking(true)
    const timer = setTimeout(async () => {
      const result = await check().catch(() => ({ error: notReached }))
      if (!current) return
      setChecking(false)
      setChecked(draft)
      setRefused(result?.error ?? null)
      if (result && !result.error) setPreview(result.preview)
    }, settleMs)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [draft])

  const write = (part: Partial<Draft>) => {
    stored.set((before) => ({ ...before, ...part }))
    setChanged((before) => new Set([...before, ...fieldsIn(part)]))
  }
  const touch = (...fields: string[]) => setTouched((before) => new Set([...before, ...fields]))
  const change = (part: Partial<Draft>) => {
    write(part)
    touch(...fieldsIn(part))
  }
  const answered = (error?.errors ?? []).filter((one) => !changed.has(fieldOf(one) ?? ''))
  const live = refused ? refused.errors : asProblems(preview?.verdict.violations ?? [])
  // What was wrong with a field before its last change may be right now.
  const isStale = (field: string | undefined) =>
    field !== undefined && checked !== null && contentOf(checked, field) !== contentOf(draft, field)
  const problems = sortProblems(
    [...live.filter((one) => !isStale(fieldOf(one))), ...answered],
    (field) => error !== null || touched.has(field) || !isUnfilled(draft, field),
  )
  const at = (field: string) => problems.beside.filter((one) => fieldOf(one) === field).map(({ message }) => message)
  const cluster = entitlement.clusters.find((one) => one.name === draft.cluster)
  const most = secondsOf(entitlement.maxDuration)
  const max = Math.min(most, (preview && secondsOf(preview.maxDuration)) || most)
  const limiter = max < most ? 'limited by a guardrail' : 'the limit of this entitlement'
  const required = requirementsOf(entitlement, preview)
  const held = refused || !preview || extending ? [] : preview.alreadyHeld
  const left = problems.beside.length + problems.needed.length + problems.general.length
  // What the message beside the button says is not said again.
  const isSaid = (message: string) => error?.errors.some((one) => one.message === message)
  const general = problems.general.filter(({ message }) => !isSaid(message)).map(({ message }) => message)

  return (
    <form
      {...form}
      {...press}
      className="grid gap-x-12 gap-y-8 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.05fr)]"
      onSubmit={() => setChanged(new Set())}
    >
      <input type="hidden" name="entitlement" value={entitlement.name} />
      <input type="hidden" name="cluster" value={draft.cluster} />
      {extending && <input type="hidden" name="extends" value={extending} />}
      <div className="space-y-6">
        {stored.isRestored && <RestoredDraft onDiscard={stored.reset}>Your draft was restored.</RestoredDraft>}
        {entitlement.clusters.length > 1 ? (
          <Field id="cluster" label="Cluster" problems={at('cluster')}>
            <noscript>
              <OtherClusters entitlement={entitlement} chosen={draft.cluster} />
            </noscript>
            <select
              id="cluster"
              className="control font-mono text-code noscript:hidden"
              aria-describedby={describedBy('cluster')}
              aria-invalid={at('cluster').length > 0}
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
          key={`${draft.cluster} ${stored.replaced}`}
          known={cluster?.namespaces ?? []}
          chosen={draft.namespaces}
          patterns={entitlement.namespaces}
          reachable={cluster?.reachable ?? false}
          problems={at('namespaces')}
          onChange={(namespaces) => change({ namespaces })}
        />
        {entitlement.kind === 'ceiling' && (
          <RuleEditor
            key={stored.replaced}
            offers={offers}
            cluster={draft.cluster}
            rows={draft.rules}
            problems={problems.beside.filter((one) => fieldOf(one) === 'rules')}
            onChange={(rules) => change({ rules })}
          />
        )}
        <div role="status" className="space-y-4 empty:hidden">
          {held.length > 0 && (
            <Suspense>
              <AlreadyHeldNotice held={held} connect={connect} />
            </Suspense>
          )}
        </div>
        <Field
          id="reason"
          label="Reason"
          hint={
            required.reasonMinLength > 1
              ? `At least ${required.reasonMinLength} characters. Visible to approvers and in the history.`
              : 'Visible to approvers and in the history.'
          }
          problems={at('reason')}
        >
          <textarea
            id="reason"
            name="reason"
            className="control"
            rows={3}
            maxLength={2000}
            aria-invalid={at('reason').length > 0}
            aria-describedby={describedBy('reason')}
            value={draft.reason}
            onChange={(event) => write({ reason: event.target.value })}
            onBlur={(event) => event.target.value && afterPress(() => touch('reason'))}
          />
        </Field>
        <Field
          id="ticket"
          label="Ticket"
          optional={!required.ticketRequired}
          hint={<TicketHint patterns={required.ticketPatterns} example={required.ticketExample} />}
          problems={at('ticket')}
        >
          <input
            id="ticket"
            name="ticket"
            className="control font-mono text-code"
            maxLength={120}
            autoComplete="off"
            aria-invalid={at('ticket').length > 0}
            aria-describedby={describedBy('ticket')}
            value={draft.ticket}
            onChange={(event) => write({ ticket: event.target.value })}
            onBlur={(event) => event.target.value && afterPress(() => touch('ticket'))}
          />
        </Field>
        <DurationSlider
          id="duration"
          label="Duration"
          seconds={draft.durationSeconds}
          max={max}
          why={`Up to ${durationInWords(max)}, ${extending ? 'as long as this access may last in total' : limiter}. The time runs from the start of the ${extending ? 'new access, which takes the place of the old one' : 'access'}.`}
          problems={at('duration')}
          onChange={(durationSeconds) => change({ durationSeconds })}
        />
        {!extending && (
          <StartChoice value={draft.startsAt} problems={at('startsAt')} onChange={(startsAt) => change({ startsAt })} />
        )}
        <ActionProblem error={error} besides={formFields} />
        <div className="sticky bottom-foot z-10 -mx-4 flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-line bg-ground px-4 py-3 rail:static rail:mx-0 rail:border-0 rail:p-0">
          <SubmitButton kind="primary" pending="Submitting…">
            <span>
              {extending ? 'Request more time' : 'Request access'}
              {/* Without scripts the label could not follow the chosen duration. */}
              <span className="noscript:hidden">
                {extending ? ': ' : ' for '}
                {shortDuration(draft.durationSeconds)}
              </span>
            </span>
          </SubmitButton>
          <p role="status" className="text-dense text-muted">
            {outlook(preview, left, checking, refused)}
          </p>
        </div>
      </div>
      <div className="lg:sticky lg:top-8 lg:self-start lg:border-l lg:border-line lg:pl-8">
        <PreviewPanel
          entitlement={entitlement}
          preview={refused || !preview ? null : preview}
          needed={problems.needed.map((one) => one.message)}
          isClean={left === 0}
          general={general}
          problem={refused && refused.errors.length === 0 && refused.code !== error?.code ? refused : null}
          namespaces={draft.namespaces}
          busy={checking}
          beginAt={(time) => change({ startsAt: localMinute(time) })}
        />
      </div>
    </form>
  )
}

/** The fields of the API that these parts of a draft become. */
const fieldsIn = (part: Partial<Draft>) =>
  Object.keys(part).map((key) => (key === 'durationSeconds' ? 'duration' : key))

/** The value of a field, to compare it. */
const contentOf = (draft: Draft, field: string) =>
  JSON.stringify(draft[(field === 'duration' ? 'durationSeconds' : field) as keyof Draft])

/** Not filled in yet; a text counts as filled in once the person has left its field. */
function isUnfilled(draft: Draft, field: string): boolean {
  if (field === 'namespaces') return draft.namespaces.length === 0
  if (field === 'rules') return !draft.rules.some(({ resources, verbs }) => resources.length > 0 && verbs.length > 0)
  return field === 'reason' || field === 'ticket'
}

/** What a ticket looks like: an example, because few people read regular expressions. */
function TicketHint({ patterns, example }: { patterns: string[]; example: string | null }) {
  if (patterns.length === 0) return null
  return (
    <>
      {example === null ? 'Format: ' : 'Like '}
      <code>{example ?? patterns.join(' and ')}</code>
    </>
  )
}

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

function outlook(preview: Preview | null, left: number, checking: boolean, refused: ActionError | null): string {
  if (!preview && checking) return ''
  if (left > 0) return left === 1 ? '1 problem left to fix.' : `${left} problems left to fix.`
  if (!preview || refused) return ''
  if (preview.steps.length === 0) return 'No approval needed.'
  return `Needs approval from ${preview.steps.map((step) => `${step.count} of ${groupsInWords(step.groups)}`).join(' and ')}.`
}
