import type { ComponentProps } from 'react'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { PostureResource } from '#lib/core/access/posture-finding'
import { AcceptFinding } from './accept-finding.tsx'
import { TakeoverGraph } from './takeover-graph.tsx'
import { WithdrawAcceptance, type WithdrawAcceptanceAction } from './withdraw-acceptance.tsx'

type Finding = PostureResource['open'][number]

const severities: Record<Finding['severity'], { text: string; colour: string }> = {
  high: { text: '▲ high', colour: 'text-bad' },
  medium: { text: '△ medium', colour: 'text-ending' },
  low: { text: '○ low', colour: 'text-muted' },
}

const placeOf = ({ kind, namespace, name }: Finding['binding']) => `${kind} ${namespace ? `${namespace}/` : ''}${name}`

type Props = {
  findings: readonly Finding[]
  /** For readers who may accept a risk. */
  acceptance?:
    | (Omit<ComponentProps<typeof AcceptFinding>, 'finding'> & { withdraw: WithdrawAcceptanceAction })
    | undefined
}

/** Findings about standing access: why each matters, the chain from subject to permission, and what to do. */
export function PostureFindings({ findings, acceptance }: Props) {
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
            {one.path.length > 0 ? <TakeoverGraph path={one.path} /> : <Chain finding={one} />}
            <p className="text-muted">
              {one.isNew && !one.resolvedAt && <span className="font-strong text-ending">new </span>}
              since <Time at={one.since} />
              {one.changedAt !== one.since && (
                <>
                  , changed <Time at={one.changedAt} />
                </>
              )}
              {one.resolvedAt && (
                <>
                  , resolved <Time at={one.resolvedAt} />
                </>
              )}
            </p>
            {one.acceptance && <Acceptance of={one.acceptance} />}
            {one.suppressed !== null && (
              <p className="text-muted">
                Suppressed: <UntrustedText>{one.suppressed}</UntrustedText>
              </p>
            )}
            {!one.resolvedAt && (
              <details>
                <summary className="py-1 text-muted">How to fix it</summary>
                <pre className="mt-1 border border-line bg-sunken p-2 whitespace-pre-wrap wrap-break-word">
                  <UntrustedText lines>{one.fix.join('\n')}</UntrustedText>
                </pre>
              </details>
            )}
            {acceptance && (
              <details>
                <summary className="py-1 text-muted">Accept the risk</summary>
                <AcceptFinding
                  finding={one}
                  cluster={acceptance.cluster}
                  lastDay={acceptance.lastDay}
                  accept={acceptance.accept}
                />
              </details>
            )}
            {acceptance && one.acceptance && (
              <details>
                <summary className="py-1 text-muted">Withdraw the acceptance</summary>
                <WithdrawAcceptance id={one.id} cluster={acceptance.cluster} withdraw={acceptance.withdraw} />
              </details>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}

function Acceptance({ of: { by, at, until, owner, reason } }: { of: NonNullable<Finding['acceptance']> }) {
  return (
    <p className="max-w-[72ch]">
      <UntrustedText>{by}</UntrustedText> accepted it <Time at={at} />, until <Time at={until} as="exact" />. Owner:{' '}
      <UntrustedText>{owner}</UntrustedText>. <UntrustedText lines>{reason}</UntrustedText>
    </p>
  )
}

/** Subject → binding → role → rule. */
function Chain({ finding: { subjects, moreSubjects, binding, role, because } }: { finding: Finding }) {
  const more = moreSubjects > 0 ? `, and ${moreSubjects} more` : ''
  const steps = [
    ...(binding.kind === 'Namespace' ? [] : [subjects.length === 0 ? 'no subject' : `${subjects.join(', ')}${more}`]),
    placeOf(binding),
    ...(role.name === '' ? [] : [`${role.kind} ${role.name}`]),
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
