'use client'
import { useRef, useState, useTransition } from 'react'
import { SignInAgain } from '#components/ui/action-problem'
import { useTextDraft } from '#components/ui/drafts'
import { describedBy, Field } from '#components/ui/field'
import { Notice } from '#components/ui/notice'
import { RestoredDraft } from '#components/ui/restored-draft'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { JudgeBody, Replay, ReplayBody, ReplayInput, Trial } from '#lib/core/access/policy-trial'
import { buttonStyle } from '../ui/button-style.ts'
import { notReached } from '../ui/use-form-answer.ts'
import { ReplayResult } from './replay-result.tsx'
import { TrialResult } from './trial-result.tsx'

type Props = {
  /** The guardrails as written in postern.yaml. */
  written: string
  /** Requests that can be chosen, newest first. */
  requests: { id: string; label: string }[]
  judge: (body: JudgeBody) => Promise<ActionResult<{ trial: Trial }>>
  replay: (body: ReplayBody) => Promise<ActionResult<{ replay: Replay }>>
}

const firstSample = `# A request as guardrails see it. Omitted fields get harmless defaults.
entitlement: payments-restart
groups: [payments-dev]
cluster: prod-eu
clusterLabels: { environment: prod }
namespaces: [payments]
rules:
  - { apiGroups: [apps], resources: [deployments], verbs: [get, patch] }
duration: PT30M
now: "2026-11-23T09:00:00Z"
`

const theSample = 'sample'
const lasts = [20, 100, 500]

/** Tries edited guardrails on a sample, on one past request or on the latest ones. The current policy does not change. */
export function PolicyTrial({ written, requests, judge, replay }: Props) {
  const policyDraft = useTextDraft('tried policy', written || 'guardrails: []\n')
  const [subject, setSubject] = useState(theSample)
  const sampleDraft = useTextDraft('tried sample', firstSample)
  const [policy, sample] = [policyDraft.value, sampleDraft.value]
  const [last, setLast] = useState(100)
  const [against, setAgainst] = useState<ReplayInput['against']>('current')
  const [answer, setAnswer] = useState<{ trial?: Trial; replay?: Replay; error?: ActionError } | null>(null)
  const [busy, start] = useTransition()
  const policyBox = useRef<HTMLTextAreaElement>(null)
  const sampleBox = useRef<HTMLTextAreaElement>(null)

  const evaluate = () =>
    start(async () => {
      const body = subject === theSample ? { policy, sample } : { policy, request: subject }
      const result = await judge(body).catch(() => ({ error: notReached }))
      setAnswer(result.error ? { error: result.error } : { trial: result.trial })
    })
  const replayRequests = () =>
    start(async () => {
      const result = await replay({ policy, last, against }).catch(() => ({ error: notReached }))
      setAnswer(result.error ? { error: result.error } : { replay: result.replay })
    })
  const boxes = { '/policy': policyBox, '/sample': sampleBox }

  return (
    <div className="grid gap-6 rail:grid-cols-2">
      <form
        className="min-w-0 space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          evaluate()
        }}
      >
        <Field
          id="tried-policy"
          label="Guardrails to try"
          hint="Edit them as in postern.yaml. The current policy doesn’t change."
        >
          <textarea
            id="tried-policy"
            ref={policyBox}
            className="control h-96 font-mono text-code"
            spellCheck={false}
            wrap="off"
            aria-describedby={describedBy('tried-policy')}
            value={policy}
            onChange={(event) => policyDraft.set(event.target.value)}
          />
        </Field>
        {policyDraft.isRestored && (
          <RestoredDraft onDiscard={policyDraft.reset}>Your edits were restored.</RestoredDraft>
        )}
        <Field id="tried-on" label="Request">
          <select
            id="tried-on"
            className="control"
            aria-describedby={describedBy('tried-on')}
            value={subject}
            onChange={(event) => setSubject(event.target.value)}
          >
            <option value={theSample}>Sample (edit below)</option>
            {requests.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </Field>
        {subject === theSample && (
          <Field id="tried-sample" label="Sample">
            <textarea
              id="tried-sample"
              ref={sampleBox}
              className="control h-56 font-mono text-code"
              spellCheck={false}
              wrap="off"
              aria-describedby={describedBy('tried-sample')}
              value={sample}
              onChange={(event) => sampleDraft.set(event.target.value)}
            />
          </Field>
        )}
        {subject === theSample && sampleDraft.isRestored && (
          <RestoredDraft onDiscard={sampleDraft.reset}>Your sample was restored.</RestoredDraft>
        )}
        <button type="submit" className={buttonStyle('primary')} disabled={busy}>
          Evaluate guardrails
        </button>
        <fieldset className="flex flex-wrap items-end gap-x-4 gap-y-2 border-t border-line pt-3">
          <legend className="sr-only">Replay</legend>
          <label>
            <span className="mb-1 block font-strong">Replay the last</span>
            <select className="control" value={last} onChange={(event) => setLast(Number(event.target.value))}>
              {lasts.map((one) => (
                <option key={one} value={one}>
                  {one} requests
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="mb-1 block font-strong">Compare with</span>
            <select
              className="control"
              value={against}
              onChange={(event) => setAgainst(event.target.value as ReplayInput['against'])}
            >
              <option value="current">the current policy</option>
              <option value="recorded">the original verdict</option>
            </select>
          </label>
          <button type="button" className={buttonStyle()} disabled={busy} onClick={replayRequests}>
            Replay requests
          </button>
        </fieldset>
      </form>
      <section aria-label="Result" aria-busy={busy} aria-live="polite" className="min-w-0">
        {busy && <p className="text-muted">Evaluating…</p>}
        {!busy && !answer && (
          <p className="text-muted">
            Evaluate these guardrails on one request to see its verdict, or replay the latest requests to see which
            verdicts would change.
          </p>
        )}
        {!busy && answer?.trial && <TrialResult trial={answer.trial} />}
        {!busy && answer?.replay && <ReplayResult replay={answer.replay} />}
        {!busy && answer?.error && <TextProblems error={answer.error} boxes={boxes} />}
      </section>
    </div>
  )
}

type Boxes = Record<string, React.RefObject<HTMLTextAreaElement | null>>

/** The errors in the text, each with a link to its position. */
function TextProblems({ error, boxes }: { error: ActionError; boxes: Boxes }) {
  const go = (pointer: string, line: number, column: number) => {
    const box = boxes[pointer]?.current
    if (!box) return
    const offset =
      box.value
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length +
      (line > 1 ? 1 : 0) +
      column -
      1
    box.focus()
    box.setSelectionRange(offset, offset)
  }
  return (
    <Notice live>
      {error.code === 'unauthenticated' && (
        <p>
          <SignInAgain />
        </p>
      )}
      <p className="text-bad">{error.errors.length > 1 ? `${error.errors.length} errors.` : error.sentence}</p>
      <ul className="mt-1 text-dense">
        {error.errors.map(({ pointer, message }) => {
          const [, line, column, rest] = /^(\d+):(\d+): (.*)$/s.exec(message) ?? []
          if (!line || !column) return <li key={pointer + message}>{message}</li>
          return (
            <li key={pointer + message} className="py-0.5">
              <button type="button" className="link" onClick={() => go(pointer, Number(line), Number(column))}>
                {pointer === '/sample' ? 'sample, ' : ''}line {line}, column {column}
              </button>{' '}
              {rest}
            </li>
          )
        })}
      </ul>
      {error.reference && (
        <p className="mt-1 text-dense text-muted">
          Reference <code>{error.reference}</code>
        </p>
      )}
    </Notice>
  )
}
