import { VerdictList } from '#components/request/verdict-list'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { groupsInWords } from '#lib/core/access/on-call'
import type { Outcome, Trial } from '#lib/core/access/policy-trial'

export const outcomeInWords: Record<Outcome, { words: string; colour: string; sign: string }> = {
  refused: { words: 'refused', colour: 'text-bad', sign: '✕' },
  'needs-approval': { words: 'needs approval', colour: 'text-waiting', sign: '◌' },
  automatic: { words: 'approved automatically', colour: 'text-good', sign: '✓' },
}

/** The outcome of a request: a sign, a word and a colour. */
export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  const { words, colour, sign } = outcomeInWords[outcome]
  return (
    <span className={`font-strong whitespace-nowrap ${colour}`}>
      <span aria-hidden className="mr-1.5">
        {sign}
      </span>
      {words}
    </span>
  )
}

/** Facts that are no longer known, or that the reader may not see. */
export function UnknownFacts({ unknown }: { unknown: Trial['unknown'] }) {
  if (unknown.length === 0) return null
  return (
    <p className="text-dense text-muted">
      No longer known, or not visible to you: {unknown.join(', ')}. A guardrail that uses one of them counts as
      violated.
    </p>
  )
}

/** The tried policy's answer for one request: the verdict, the approvers, and each guardrail that matched. */
export function TrialResult({ trial }: { trial: Trial }) {
  const { verdict, outcome, steps, matched, at, unknown } = trial
  return (
    <div className="space-y-3 text-dense">
      <p className="flex flex-wrap gap-x-3">
        <OutcomeMark outcome={outcome} />
        <span className="text-muted">
          as of <Time at={at} as="exact" withZone />
        </span>
      </p>
      <VerdictList verdict={verdict} />
      {outcome === 'needs-approval' && (
        <p>
          Needs{' '}
          <UntrustedText>
            {steps.map(({ count, groups }) => `${count} of ${groupsInWords(groups)}`).join(' and ')}
          </UntrustedText>
        </p>
      )}
      <UnknownFacts unknown={unknown} />
      {matched.length === 0 ? (
        <p className="text-muted">No guardrails matched.</p>
      ) : (
        <ul className="border-t border-line" aria-label="Guardrails that matched">
          {matched.map((one) => (
            <li key={one.name} className="border-b border-line py-1.5">
              <p>
                <code className="font-strong">{one.name}</code> <span className="text-muted">{one.effect}</span>{' '}
                <UntrustedText>{one.description}</UntrustedText>
              </p>
              {one.does.length > 0 && (
                <p className="text-muted">
                  <UntrustedText>{one.does.join('; ')}</UntrustedText>
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
