'use client'
import { useRef, useState, useTransition } from 'react'
import { describedBy, Field } from '#components/ui/field'
import { Notice } from '#components/ui/notice'
import type { ActionError, ActionResult } from '#lib/core/access/action-result'
import type { Replay, ReplayInput, Trial } from '#lib/core/access/policy-trial'
import { buttonStyle } from '../ui/button-style.ts'
import { ReplayResult } from './replay-result.tsx'
import { TrialResult } from './trial-result.tsx'

type JudgeBody = { policy: string; ask?: string; sample?: string }
type ReplayBody = { policy: string; last: number; against: ReplayInput['against'] }

type Props = {
  /** The guardrails as they are written now. */
  written: string
  /** Asks that may be chosen, newest first. */
  asks: { id: string; label: string }[]
  judge: (body: JudgeBody) => Promise<ActionResult<{ trial: Trial }>>
  replay: (body: ReplayBody) => Promise<ActionResult<{ replay: Replay }>>
}

const firstSample = `# A request as guardrails see it; what is left out is harmless.
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

/** Guardrails to change at will, tried on a sample, on one past ask or on the last ones. Nothing of it comes into force. */
export function PolicyTrial({ written, asks, judge, replay }: Props) {
  const [policy, setPolicy] = useState(written || 'guardrails: []\n')
  const [subject, setSubject] = useState(theSample)
  const [sample, setSample] = useState(firstSample)
  const [last, setLast] = useState(100)
  const [against, setAgainst] = useState<ReplayInput['against']>('in-force')
  const [answer, setAnswer] = useState<{ trial?: Trial; replay?: Replay; error?: ActionError } | null>(null)
  const [busy, start] = useTransition()
  const policyBox = useRef<HTMLTextAreaElement>(null)
  const sampleBox = useRef<HTMLTextAreaElement>(null)

  const judgeIt = () =>
    start(async () => {
      const body = subject === theSample ? { policy, sample } : { policy, ask: subject }
      const result = await judge(body)
      setAnswer(result.error ? { error: result.error } : { trial: result.trial })
    })
  const replayIt = () =>
    start(async () => {
      const result = await replay({ policy, last, against })
      setAnswer(result.error ? { error: result.error } : { replay: result.replay })
    })
  const boxes = { '/policy': policyBox, '/sample': sampleBox }

  return (
    <div className="grid gap-6 rail:grid-cols-2">
      <form
        className="min-w-0 space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          judgeIt()
        }}
      >
        <Field
          id="tried-policy"
          label="Guardrails to try"
          hint="As they are written in postern.yaml. Changing them here changes nothing: what is in force is in the file."
        >
          <textarea
            id="tried-policy"
            ref={policyBox}
            className="control h-96 font-mono text-code"
            spellCheck={false}
            wrap="off"
            aria-describedby={describedBy('tried-policy')}
            value={policy}
            onChange={(event) => setPolicy(event.target.value)}
          />
        </Field>
        <Field id="tried-on" label="Judge">
          <select
            id="tried-on"
            className="control"
            aria-describedby={describedBy('tried-on')}
            value={subject}
            onChange={(event) => setSubject(event.target.value)}
          >
            <option value={theSample}>a sample, written below</option>
            {asks.map(({ id, label }) => (
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
              onChange={(event) => setSample(event.target.value)}
            />
          </Field>
        )}
        <button type="submit" className={buttonStyle('primary')} disabled={busy}>
          Judge
        </button>
        <fieldset className="flex flex-wrap items-end gap-x-4 gap-y-2 border-t border-line pt-3">
          <legend className="sr-only">Replay</legend>
          <label>
            <span className="mb-1 block font-strong">Replay the last</span>
            <select className="control" value={last} onChange={(event) => setLast(Number(event.target.value))}>
              {lasts.map((one) => (
                <option key={one} value={one}>
                  {one} asks
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
              <option value="in-force">the policy in force</option>
              <option value="then">what was said then</option>
            </select>
          </label>
          <button type="button" className={buttonStyle()} disabled={busy} onClick={replayIt}>
            Replay
          </button>
        </fieldset>
      </form>
      <section aria-label="What it says" aria-busy={busy} aria-live="polite" className="min-w-0">
        {busy && <p className="text-muted">Trying …</p>}
        {!busy && !answer && (
          <p className="text-muted">
            Judge shows what these guardrails say of one ask. Replay shows which of the last asks they would judge
            differently.
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

/** What is wrong with the text, each with the way to its place. */
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
      <p className="text-bad">
        {error.errors.length > 1 ? `${error.errors.length} places are wrong.` : error.sentence}
      </p>
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
      <p className="mt-1 text-dense text-muted">
        Reference <code>{error.reference}</code>
      </p>
    </Notice>
  )
}
