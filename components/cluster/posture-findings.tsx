import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { PostureResource } from '#lib/core/access/posture-finding'

type Finding = PostureResource['open'][number]

const severities: Record<Finding['severity'], { text: string; colour: string }> = {
  high: { text: '▲ high', colour: 'text-bad' },
  medium: { text: '△ medium', colour: 'text-ending' },
  low: { text: '○ low', colour: 'text-muted' },
}

const placeOf = ({ kind, namespace, name }: Finding['binding']) => `${kind} ${namespace ? `${namespace}/` : ''}${name}`

/** Findings about standing access: why each matters, the chain from subject to permission, and what to do. */
export function PostureFindings({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul className="border-t border-line">
      {findings.map((one) => (
        <li
          key={one.id}
          className="grid gap-x-4 border-b border-line py-2 text-dense rail:grid-cols-[6.5rem_minmax(0,1fr)]"
        >
          <span className={`font-strong whitespace-nowrap ${severities[one.severity].colour}`}>
            {severities[one.severity].text}
          </span>
          <div className="min-w-0">
            <p className="max-w-[72ch]">
              <UntrustedText>{one.sentence}</UntrustedText> <code className="text-muted">{one.check}</code>
            </p>
            <Chain finding={one} />
            <p className="text-muted">
              since <Time at={one.since} />
              {one.resolvedAt && (
                <>
                  , resolved <Time at={one.resolvedAt} />
                </>
              )}
            </p>
            {!one.resolvedAt && (
              <details>
                <summary className="text-muted">How to fix it</summary>
                <pre className="mt-1 border border-line bg-sunken p-2 whitespace-pre-wrap wrap-break-word">
                  <UntrustedText lines>{one.fix.join('\n')}</UntrustedText>
                </pre>
              </details>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}

/** Subject → binding → role → rule. */
function Chain({ finding: { subjects, moreSubjects, binding, role, because } }: { finding: Finding }) {
  const more = moreSubjects > 0 ? `, and ${moreSubjects} more` : ''
  const steps = [
    subjects.length === 0 ? 'no subject' : `${subjects.join(', ')}${more}`,
    placeOf(binding),
    `${role.kind} ${role.name}`,
    because.join(', '),
  ]
  return (
    <p className="wrap-anywhere">
      {steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the steps of a chain have a fixed order
        <span key={index}>
          {index > 0 && <span className="text-muted"> → </span>}
          <code>
            <UntrustedText>{step}</UntrustedText>
          </code>
        </span>
      ))}
    </p>
  )
}
