import { Copyable } from '#components/ui/copyable'
import { Link } from '#components/ui/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { ClusterResource } from '#lib/core/access/cluster-resource'
import { AdmissionStatus } from './admission-status.tsx'
import { FindingsTable } from './findings-table.tsx'

/** One cluster: whether it is reachable, its version, and which of the permissions that Postern needs it has there. */
export function ClusterSection({ cluster }: { cluster: ClusterResource }) {
  const grantable = cluster.namespaces.filter((one) => one.grantable).map((one) => one.name)
  const excluded = cluster.namespaces.filter((one) => !one.grantable).map((one) => one.name)
  const missing = cluster.permissions.filter((one) => !one.allowed)
  return (
    <Section
      id={`cluster-${cluster.name}`}
      title={cluster.name}
      aside={
        cluster.checkedAt && (
          <>
            checked <Time at={cluster.checkedAt} />
          </>
        )
      }
    >
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1.5 rail:grid-cols-[9rem_minmax(0,1fr)]">
        <dt className="text-muted">Status</dt>
        <dd>
          <Reachable cluster={cluster} />
        </dd>
        {cluster.publicServer && (
          <>
            <dt className="text-muted">Server</dt>
            <dd>
              <Copyable text={cluster.publicServer} label="server address" />
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
        {cluster.token && (
          <>
            <dt className="text-muted">Token</dt>
            <dd>
              <OwnToken token={cluster.token} />
            </dd>
          </>
        )}
        {cluster.tokenWebhook && (
          <>
            <dt className="text-muted">Token webhook</dt>
            <dd>
              <TokenWebhook webhook={cluster.tokenWebhook} />
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
        {cluster.admission && (
          <>
            <dt className="text-muted">Admission</dt>
            <dd>
              <AdmissionStatus cluster={cluster.name} admission={cluster.admission} />
            </dd>
          </>
        )}
        {grantable.length > 0 && (
          <>
            <dt className="text-muted">Namespaces</dt>
            <dd>
              <code className="whitespace-pre-wrap">{grantable.join('  ')}</code>
            </dd>
          </>
        )}
        {excluded.length > 0 && (
          <>
            <dt className="text-muted">Not grantable</dt>
            <dd>
              <code className="whitespace-pre-wrap text-muted">{excluded.join('  ')}</code>
            </dd>
          </>
        )}
      </dl>
      {cluster.permissions.length > 0 && (
        <details className="mt-4 text-dense" open={missing.length > 0}>
          <summary>
            {missing.length === 0 ? (
              <>
                <span className="text-good">✓</span> Postern has all {cluster.permissions.length} permissions it needs
                here
              </>
            ) : (
              <span className="text-bad">
                ✕ Postern lacks {missing.length} of {cluster.permissions.length} permissions it needs here
              </span>
            )}
          </summary>
          <ScrollTable caption={`Permissions of Postern in ${cluster.name}`}>
            <thead>
              <tr>
                <th scope="col">Result</th>
                <th scope="col">Permission</th>
                <th scope="col">Namespace</th>
                <th scope="col">Needed for</th>
              </tr>
            </thead>
            <tbody>
              {cluster.permissions.map((one) => (
                <tr key={`${one.what} ${one.namespace}`}>
                  <td className={one.allowed ? 'text-good' : 'text-bad'}>{one.allowed ? '✓ allowed' : '✕ denied'}</td>
                  <td>
                    <code>{one.what}</code>
                  </td>
                  <td>{one.namespace ? <code>{one.namespace}</code> : 'whole cluster'}</td>
                  <td>{one.neededFor}</td>
                </tr>
              ))}
            </tbody>
          </ScrollTable>
        </details>
      )}
      {cluster.permissions.length > 0 && <Found cluster={cluster} />}
      {cluster.permissions.length > 0 && (
        <p className="mt-4 text-dense">
          <Link href={`/clusters/${cluster.name}/posture`} className="link">
            Posture: standing access with a risk
          </Link>
          {' · '}
          <Link href={`/activity?cluster=${cluster.name}`} className="link">
            Activity: calls that it has reported
          </Link>
        </p>
      )}
    </Section>
  )
}

function Found({ cluster }: { cluster: ClusterResource }) {
  if (cluster.findings.length === 0)
    return <p className="mt-4 text-dense text-muted">Every object labelled as Postern’s here is owned by a grant.</p>
  return (
    <div className="mt-4">
      <p className="mb-1 text-dense font-strong text-ending">◐ Labelled as Postern’s, but not owned by any grant</p>
      <FindingsTable findings={cluster.findings} caption={`Objects in ${cluster.name} that no grant owns`} />
    </div>
  )
}

/** Until when Postern can call the cluster, and whether it could renew its token. */
function OwnToken({ token: { expiresAt, renewedAt, error } }: { token: NonNullable<ClusterResource['token']> }) {
  return (
    <>
      <p>
        Postern’s own token expires at <Time at={expiresAt} as="exact" withZone />
        {renewedAt && (
          <span className="text-muted">
            {' '}
            · renewed <Time at={renewedAt} />
          </span>
        )}
      </p>
      {error && (
        <p className="text-bad">
          ✕ It can’t be renewed: <UntrustedText>{error}</UntrustedText>
        </p>
      )}
    </>
  )
}

/** Whether the API server accepts the tokens that Postern signs. */
function TokenWebhook({ webhook }: { webhook: NonNullable<ClusterResource['tokenWebhook']> }) {
  const { accepted, probedAt, lastReviewAt, problem, fix } = webhook
  return (
    <>
      {accepted === null && (
        <p className="text-waiting">◌ It has not been tried yet whether the API server accepts Postern’s tokens</p>
      )}
      {accepted && (
        <p>
          <span className="text-good">✓</span> The API server accepts Postern’s tokens
        </p>
      )}
      {problem && (
        <p className="text-bad">
          ✕ <UntrustedText>{problem}</UntrustedText>
        </p>
      )}
      {fix && <p>{fix}</p>}
      <p className="text-muted">
        {probedAt && (
          <>
            tried <Time at={probedAt} /> ·{' '}
          </>
        )}
        {lastReviewAt ? (
          <>
            last TokenReview <Time at={lastReviewAt} />
          </>
        ) : (
          'no TokenReview yet'
        )}
      </p>
    </>
  )
}

/** Whether Postern can compare a grant with people's current access: how the cluster identifies them, and when roles were read. */
function People({ cluster: { people, rightsReadAt, rightsError } }: { cluster: ClusterResource }) {
  return (
    <>
      <p>{people ? <Mapping people={people} /> : 'postern.yaml doesn’t say how this cluster identifies people'}</p>
      {rightsReadAt ? (
        <p className="text-muted">
          Their current access was read <Time at={rightsReadAt} />
        </p>
      ) : (
        !rightsError && <p className="text-waiting">◌ Their current access hasn’t been read yet</p>
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
      Identified by{' '}
      {people.usernamePrefix && (
        <>
          <code>{people.usernamePrefix}</code> followed by{' '}
        </>
      )}
      {people.username === 'email' ? 'their verified e-mail address' : 'their subject'}; group names{' '}
      {people.groupsPrefix ? (
        <>
          start with <code>{people.groupsPrefix}</code>
        </>
      ) : (
        'are the same'
      )}
    </>
  )
}

function Reachable({ cluster }: { cluster: ClusterResource }) {
  if (!cluster.checkedAt) return <span className="text-waiting">◌ not checked yet</span>
  if (!cluster.reachable)
    return (
      <span className="text-bad">
        ✕ unreachable
        {cluster.error && (
          <>
            : <UntrustedText>{cluster.error}</UntrustedText>
          </>
        )}
      </span>
    )
  return (
    <span>
      <span className="text-good">● reachable</span>
      {cluster.version && <code className="ml-3">{cluster.version}</code>}
    </span>
  )
}
