import { FindingsTable } from '#components/cluster/findings-table'
import { Copyable } from '#components/ui/copyable'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { GrantResource } from '#lib/core/access/grant-resource'
import type { Probe, Probes } from '#lib/core/access/probe-resource'

/** A grant's objects in the cluster, and the cluster's own access reviews when the grant began and ended. */
export function ClusterEvidence({ grant }: { grant: GrantResource | null }) {
  if (!grant) return <p className="text-dense text-muted">No objects were created in the cluster.</p>
  return (
    <div className="space-y-4">
      <ScrollTable caption="Objects in the cluster">
        <thead>
          <tr>
            <th scope="col">Object and UID</th>
            <th scope="col">
              Created (<ZoneName />)
            </th>
            <th scope="col">
              Deleted (<ZoneName />)
            </th>
          </tr>
        </thead>
        <tbody>
          {grant.objects.map((one) => (
            <tr key={`${one.kind}/${one.namespace}/${one.name}`}>
              <td className="whitespace-nowrap">
                {one.kind} <code>{`${one.namespace}/${one.name}`}</code>
                <span className="block text-muted">
                  {one.uid ? <Copyable text={one.uid} label={`UID of the ${one.kind}`} /> : 'not created yet'}
                </span>
              </td>
              <td>{one.createdAt ? <Time at={one.createdAt} as="exact" /> : '–'}</td>
              <td>{one.removedAt ? <Time at={one.removedAt} as="exact" /> : '–'}</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
      {grant.findings.length > 0 && <FindingsTable findings={grant.findings} caption="Changes made outside Postern" />}
      <Answer probes={grant.allowedProbes} expected="allowed" otherwise="The cluster hasn’t allowed this access yet." />
      {grant.status !== 'pending' && grant.status !== 'active' && (
        <Answer probes={grant.deniedProbes} expected="denied" otherwise="The cluster hasn’t denied this access yet." />
      )}
    </div>
  )
}

type AnswerProps = { probes: Probes | null; expected: 'allowed' | 'denied'; otherwise: string }

/** One round of access reviews: how many, when, and each answer underneath. */
function Answer({ probes, expected, otherwise }: AnswerProps) {
  if (!probes) return <p className="text-dense text-muted">{otherwise}</p>
  const asExpected = probes.results.filter((one) => one.allowed === (expected === 'allowed')).length
  const all = asExpected === probes.results.length
  return (
    <details className="text-dense">
      <summary>
        <span className={all ? 'text-good' : 'text-ending'}>
          {all ? '✓' : '◐'} {expected}
        </span>{' '}
        <span className="font-normal">
          {asExpected} of {probes.results.length} access reviews at <Time at={probes.at} as="exact" withZone />
        </span>
      </summary>
      <ul className="mt-1 columns-1 gap-8 pl-4 md:columns-2">
        {probes.results.map((one) => (
          <li key={questionOf(one)}>
            <code>
              <UntrustedText>{questionOf(one)}</UntrustedText>
            </code>{' '}
            <span className="text-muted">{one.allowed ? 'allowed' : 'denied'}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}

const questionOf = ({ namespace, verb, group, resource, subresource, name }: Probe) =>
  `${verb} ${resource}${group && `.${group}`}${subresource && `/${subresource}`}${name && ` ${name}`} in ${namespace || 'the cluster'}`
