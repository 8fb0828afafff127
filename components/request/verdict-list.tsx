import type { Verdict } from '#lib/access/resources'
import { Said } from '../ui/said.tsx'

/** What all guardrails say together: every violation, every warning, or that all of them hold. */
export function VerdictList({ verdict }: { verdict: Verdict }) {
  const { violations, warnings } = verdict
  return (
    <div className="text-dense">
      {violations.length === 0 && (
        <p className="flex gap-2">
          <span aria-hidden className="text-good">
            ✓
          </span>
          Every guardrail holds.
        </p>
      )}
      <ul>
        {violations.map((one) => (
          <li key={one.code + one.pointer} className="flex gap-2 py-0.5">
            <span aria-hidden className="text-bad">
              ✕
            </span>
            <span>
              <Said>{one.sentence}</Said> <code className="text-muted">{one.code}</code>
            </span>
          </li>
        ))}
        {warnings.map((one) => (
          <li key={one.code + one.pointer} className="flex gap-2 py-0.5">
            <span aria-hidden className="text-waiting">
              △
            </span>
            <span>
              <Said>{one.sentence}</Said> <code className="text-muted">{one.code}</code>
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** A policy version or digest, short enough for a line. */
export const shortHash = (hash: string): string => hash.replace(/^sha256:/, '').slice(0, 12)
