import { Copyable } from '#components/ui/copyable'
import { ScrollTable } from '#components/ui/scroll-table'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { ClusterResource } from '#lib/core/access/resources'
import { FindingsTable } from './findings-table.tsx'

/** One cluster: does it answer, which version, and what may Postern do there of what it needs. */
export function ClusterSection({ cluster }: { cluster: ClusterResource }) {
  const given = cluster.namespaces.filter((one) => one.grantable).map((one) => one.name)
  const kept = cluster.namespaces.filter((one) => !one.grantable).map((one) => one.name)
  const missing = cluster.permissions.filter((one) => !one.allowed)
  return (
    <Section
      id={`cluster-${cluster.name}`}
      title={cluster.name}
      aside={
        cluster.checkedAt && (
          <>
            asked <Time at={cluster.checkedAt} />
          </>
        )
      }
    >
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1.5 rail:grid-cols-[9rem_minmax(0,1fr)]">
        <dt className="text-muted">Answers</dt>
        <dd>
          <Reachable cluster={cluster} />
        </dd>
        {cluster.publicServer && (
          <>
            <dt className="text-muted">Server</dt>
            <dd>
              <Copyable text={cluster.publicServer} label="the server's address" />
            </dd>
          </>
        )}
        {Object.keys(cluster.labels).length > 0 && (
          <>
            <dt className="text-muted">Labels</dt>
            <dd>
              <code className="whitespace-pre-wrap">
                {Object.entries(cluster.labels)
                  .map(([key, value]) => `${key}=${value}`)
                  .join('  ')}
              </code>
            </dd>
          </>
        )}
        {cluster.permissions.length > 0 && (
          <>
            <dt className="text-muted">People</dt>
            <dd>
              <People cluster={cluster} />
            </dd>
          </>
        )}
        {given.length > 0 && (
          <>
            <dt className="text-muted">Namespaces</dt>
            <dd>
              <code className="whitespace-pre-wrap">{given.join('  ')}</code>
            </dd>
          </>
        )}
        {kept.length > 0 && (
          <>
            <dt className="text-muted">Not given</dt>
            <dd>
              <code className="whitespace-pre-wrap text-muted">{kept.join('  ')}</code>
            </dd>
          </>
        )}
      </dl>
      {cluster.permissions.length > 0 && (
        <details className="mt-4 text-dense" open={missing.length > 0}>
          <summary>
            {missing.length === 0 ? (
              <>
                <span className="text-good">✓</span> Postern may do all {cluster.permissions.length} things it needs
                here
              </>
            ) : (
              <span className="text-bad">
                ✕ Postern lacks {missing.length} of {cluster.permissions.length} rights it needs here
              </span>
            )}
          </summary>
          <ScrollTable caption={`What Postern may do in ${cluster.name}`}>
            <thead>
              <tr>
                <th scope="col">May it</th>
                <th scope="col">What</th>
                <th scope="col">Where</th>
                <th scope="col">Needed for</th>
              </tr>
            </thead>
            <tbody>
              {cluster.permissions.map((one) => (
                <tr key={`${one.what} ${one.namespace}`}>
                  <td className={one.allowed ? 'text-good' : 'text-bad'}>{one.allowed ? '✓ yes' : '✕ no'}</td>
                  <td>
                    <code>{one.what}</code>
                  </td>
                  <td>
                    <code>{one.namespace || 'cluster'}</code>
                  </td>
                  <td>{one.neededFor}</td>
                </tr>
              ))}
            </tbody>
          </ScrollTable>
        </details>
      )}
      {cluster.permissions.length > 0 && <Found cluster={cluster} />}
    </Section>
  )
}

function Found({ cluster }: { cluster: ClusterResource }) {
  if (cluster.findings.length === 0)
    return <p className="mt-4 text-dense text-muted">Nothing was found here in Postern’s name that no grant owns.</p>
  return (
    <div className="mt-4">
      <p className="mb-1 text-dense font-strong text-ending">◐ Found here in Postern’s name, and owned by no grant</p>
      <FindingsTable findings={cluster.findings} caption={`Found in ${cluster.name}, owned by no grant`} />
    </div>
  )
}

/** Can Postern tell what a grant adds to what people can do already? */
function People({ cluster: { people, rightsReadAt, rightsError } }: { cluster: ClusterResource }) {
  return (
    <>
      <p>{people ? <Mapping people={people} /> : 'postern.yaml does not say how this cluster knows them'}</p>
      {rightsReadAt ? (
        <p className="text-muted">
          What they may do was read <Time at={rightsReadAt} />
        </p>
      ) : (
        !rightsError && <p className="text-waiting">◌ what they may do was not read yet</p>
      )}
      {rightsError && (
        <p className="text-ending">
          <UntrustedText>{rightsError}</UntrustedText>
        </p>
      )}
    </>
  )
}

function Mapping({ people }: { people: NonNullable<ClusterResource['people']> }) {
  return (
    <>
      known by{' '}
      {people.usernamePrefix && (
        <>
          <code>{people.usernamePrefix}</code> and{' '}
        </>
      )}
      {people.username === 'email' ? 'their verified e-mail address' : 'their subject'}, in groups{' '}
      {people.groupsPrefix ? (
        <>
          with <code>{people.groupsPrefix}</code> before the name
        </>
      ) : (
        'of the same names'
      )}
    </>
  )
}

function Reachable({ cluster }: { cluster: ClusterResource }) {
  if (!cluster.checkedAt) return <span className="text-waiting">◌ not asked yet</span>
  if (!cluster.reachable)
    return (
      <span className="text-bad">
        ✕ no
        {cluster.error && (
          <>
            : <UntrustedText>{cluster.error}</UntrustedText>
          </>
        )}
      </span>
    )
  return (
    <span>
      <span className="text-good">● yes</span>
      {cluster.version && <code className="ml-3">{cluster.version}</code>}
    </span>
  )
}
