import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { buttonStyle } from '../ui/button-style.ts'

type Props = {
  verdict: Verdict
  /** False where other problems are shown elsewhere. */
  isPassed?: boolean
  /** Sets the start time, on the request form. */
  beginAt?: (time: string) => void
}

/** The verdict of all guardrails: every violation and warning, or that all of them pass. */
export function VerdictList({ verdict, isPassed = true, beginAt }: Props) {
  const { violations, warnings, passesNextAt, until } = verdict
  const rows = [
    ...violations.map((violation) => ({ mark: '✕', className: 'text-bad', ...violation })),
    ...warnings.map((warning) => ({ mark: '△', className: 'text-waiting', ...warning })),
  ]
  return (
    <div className="text-dense">
      {isPassed && violations.length === 0 && (
        <p className="flex gap-2">
          <span aria-hidden className="text-good">
            ✓
          </span>
          {warnings.length === 0
            ? 'All guardrails pass.'
            : `No guardrail blocks this; ${warnings.length === 1 ? 'one warns' : `${warnings.length} warn`}:`}
        </p>
      )}
      <ul>
        {rows.map(({ mark, className, code, pointer, sentence }) => (
          <li key={code + pointer} className="flex gap-2 py-0.5">
            <span aria-hidden className={className}>
              {mark}
            </span>
            <span>
              <UntrustedText>{sentence}</UntrustedText> <code className="text-muted">{code}</code>
            </span>
          </li>
        ))}
      </ul>
      {passesNextAt && (
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
          <span>
            It would pass at <Time at={passesNextAt} as="exact" withZone />.
          </span>
          {beginAt && (
            <button type="button" className={buttonStyle('quiet')} onClick={() => beginAt(passesNextAt)}>
              Start then
            </button>
          )}
        </p>
      )}
      {until && (
        <p className="mt-1 text-muted">
          A guardrail’s time window closes at <Time at={until} as="exact" withZone />. Access ends then at the latest.
        </p>
      )}
    </div>
  )
}

/** A policy version or digest, short enough for a line. */
export const shortHash = (hash: string): string => hash.replace(/^sha256:/, '').slice(0, 12)
