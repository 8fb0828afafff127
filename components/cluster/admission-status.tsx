import { Copyable } from '#components/ui/copyable'
import { UntrustedText } from '#components/ui/untrusted-text'
import { type AdmissionState, admissionCommand } from '#lib/core/access/admission-state'

const statuses: Record<AdmissionState['status'], { text: string; colour: string }> = {
  installed: { text: '● The cluster enforces the guardrails', colour: 'text-good' },
  missing: { text: '◌ No admission policies are installed', colour: 'text-waiting' },
  older: { text: '◐ The admission policies are of an earlier configuration', colour: 'text-ending' },
  changed: { text: '✕ The admission policies were changed by hand', colour: 'text-bad' },
  unknown: {
    text: '◌ Not known: Postern may not read admission policies here (deploy/rbac.yaml, part 8)',
    colour: 'text-waiting',
  },
}

const drifts: Record<AdmissionState['differences'][number]['drift'], string> = {
  missing: 'is missing',
  older: 'is of an earlier configuration',
  changed: 'was changed by hand',
  extra: 'is not part of the configuration: delete it',
}

type Props = { cluster: string; admission: AdmissionState }

/** Whether the cluster enforces the guardrails, what differs, and the command that repairs it. */
export function AdmissionStatus({ cluster, admission: { status, differences } }: Props) {
  const { text, colour } = statuses[status]
  return (
    <>
      <p className={colour}>{text}</p>
      {status !== 'missing' && differences.length > 0 && (
        <ul className="text-dense">
          {differences.slice(0, 20).map(({ kind, name, drift }) => (
            <li key={`${kind} ${name}`}>
              <code>
                <UntrustedText>{`${kind} ${name}`}</UntrustedText>
              </code>{' '}
              {drifts[drift]}
            </li>
          ))}
          {differences.length > 20 && <li>and {differences.length - 20} more</li>}
        </ul>
      )}
      {status !== 'installed' && status !== 'unknown' && (
        <Copyable text={admissionCommand(cluster)} label="command that installs the admission policies" />
      )}
    </>
  )
}
