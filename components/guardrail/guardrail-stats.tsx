import { UntrustedText } from '#components/ui/untrusted-text'
import type { GuardrailCount } from '#lib/core/guardrails/guardrail-count'

const height = 20

const several = (count: number, one: string) => (count === 1 ? `one ${one}` : `${count} ${one}s`)

/** What the guardrail blocked after submission; empty if nothing. */
function blockedLater({ stoppedDeciding, stoppedGranting }: GuardrailCount): string {
  const parts = [
    stoppedDeciding > 0 && several(stoppedDeciding, 'approval'),
    stoppedGranting > 0 && `${several(stoppedGranting, 'grant')} before it began`,
  ]
  const blocked = parts.filter((words) => words !== false)
  return blocked.length > 0 ? `Blocked ${blocked.join(' and ')}.` : ''
}

/** How often a guardrail matched in the last 30 days, when, for whom, and what it blocked after submission. */
export function GuardrailStats({ count }: { count: GuardrailCount | undefined }) {
  if (!count) return <p className="text-muted">No matches in the last 30 days.</p>
  const { matched, stopped, people, others, days } = count
  const later = blockedLater(count)
  if (matched === 0) return <p className="text-muted">No submission matched in the last 30 days. {later}</p>
  const named = people.map(({ name, count: n }) => (n > 1 ? `${name} (${n})` : name))
  const rest =
    others > 0 ? [people.length > 0 ? `${others} more` : others === 1 ? 'one person' : `${others} people`] : []
  return (
    <div className="flex flex-wrap items-end gap-x-4 gap-y-1 text-muted">
      <Days days={days} />
      <p>
        Matched {several(matched, 'submission')} in the last 30 days{stopped > 0 && ` and blocked ${stopped}`}
        {' · '}
        <UntrustedText>{[...named, ...rest].join(', ')}</UntrustedText>
        {later && `. ${later}`}
      </p>
    </div>
  )
}

function Days({ days }: { days: number[] }) {
  const most = Math.max(1, ...days)
  return (
    <svg
      role="img"
      aria-label={`Matches per day, oldest first: ${days.join(', ')}`}
      width={days.length * 4}
      height={height}
      className="block shrink-0 border-b border-edge"
    >
      {days.map((count, index) => {
        const tall = count === 0 ? 0 : Math.max(2, Math.round((count / most) * height))
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a day is identified by its position
          <rect key={index} x={index * 4} y={height - tall} width="3" height={tall} fill="currentColor" />
        )
      })}
    </svg>
  )
}
