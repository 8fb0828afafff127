import { UntrustedText } from '#components/ui/untrusted-text'
import type { RiskResource } from '#lib/core/access/risk-resource'
import { SeverityMark } from './severity-mark.tsx'

type Finding = RiskResource['findings'][number]

/** The risks of these permissions that an approver should know, most severe first. */
export function RiskList({ risk }: { risk: RiskResource }) {
  const main = risk.findings.filter(({ partOf }) => partOf.length === 0)
  const folded = risk.findings.filter(({ partOf }) => partOf.length > 0)
  return (
    <div className="text-dense">
      <p className="flex flex-wrap items-center gap-x-2">
        <span className="text-muted">Risk</span>
        <SeverityMark severity={risk.severity} />
        {risk.findings.length === 0 && <span className="text-muted">no known risks</span>}
      </p>
      <FindingList findings={main} />
      {folded.length > 0 && (
        <details className="mt-1">
          <summary className="text-muted">
            {folded.length === 1 ? '1 more, implied by the above' : `${folded.length} more, implied by the above`}
          </summary>
          <FindingList findings={folded} />
        </details>
      )}
    </div>
  )
}

// Longer than this it hides what comes after it.
const mostCharacters = 120

/** The permissions that cause a finding, folded where they are many. */
function Because({ lines }: { lines: string[] }) {
  const text = lines.join('; ')
  const code = (
    <code className="text-muted">
      <UntrustedText>{text}</UntrustedText>
    </code>
  )
  if (text.length <= mostCharacters) return code
  return (
    <details>
      <summary className="text-muted">{lines.length === 1 ? 'Why' : `Why: ${lines.length} reasons`}</summary>
      {code}
    </details>
  )
}

function FindingList({ findings }: { findings: Finding[] }) {
  return (
    <ul className="mt-1 max-w-[72ch]">
      {findings.map(({ id, severity, sentence, outlives, because }) => (
        <li key={id} className="flex items-start gap-2 py-0.5 [&>:first-child]:mt-0.5">
          <SeverityMark severity={severity} wordless />
          <span>
            {sentence} {outlives && <span className="text-ending">Outlives the grant: {outlives}. </span>}
            <Because lines={because} />
          </span>
        </li>
      ))}
    </ul>
  )
}
