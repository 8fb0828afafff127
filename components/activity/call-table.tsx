import { RequestLink } from '#components/request/request-link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { CallResource } from '#lib/core/access/activity-resource'
import { responseText } from '#lib/core/activity/words'
import { Called } from './called.tsx'

/** Single calls: when, who, what, where, the response, and the request that allowed it. */
export function CallTable({ calls, caption }: { calls: readonly CallResource[]; caption: string }) {
  return (
    <ScrollTable caption={caption}>
      <thead>
        <tr>
          <th scope="col">
            Time (<ZoneName />)
          </th>
          <th scope="col">Account</th>
          <th scope="col">Call</th>
          <th scope="col">Where</th>
          <th scope="col">Response</th>
          <th scope="col">From</th>
          <th scope="col">Request</th>
        </tr>
      </thead>
      <tbody>
        {calls.map((one) => (
          <tr key={one.id} id={one.id}>
            <td>
              <Time at={one.at} as="exact" />
              {!one.endedAt && <span className="block text-muted">not ended</span>}
            </td>
            <td className="max-w-72 wrap-anywhere">
              <UntrustedText>{one.account || 'not identified'}</UntrustedText>
              {one.impersonated && (
                <span className="block text-ending">
                  acting as <UntrustedText>{one.impersonated}</UntrustedText>
                </span>
              )}
            </td>
            <td className="max-w-96 wrap-anywhere">
              <Called of={one} />
              <Change call={one} />
            </td>
            <td>
              <code>
                <UntrustedText>{[one.cluster, one.namespace].filter(Boolean).join(' · ')}</UntrustedText>
              </code>
            </td>
            <td className={one.code === 401 || one.code === 403 ? 'text-bad' : undefined}>{responseText(one.code)}</td>
            <td>
              <code>
                <UntrustedText>{one.address ?? '–'}</UntrustedText>
              </code>
            </td>
            <td>{one.requestId ? <RequestLink id={one.requestId} section="activity" /> : '–'}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

/** Who is behind a change of access or admission, and the object after it. */
function Change({ call: { kind, isByPostern, body, code } }: { call: CallResource }) {
  if (kind !== 'rbac' && kind !== 'admission') return null
  return (
    <>
      {isByPostern === true && <span className="block text-muted">made by Postern</span>}
      {isByPostern === false && code !== null && code < 300 && (
        <span className="block text-ending">◐ not made by Postern</span>
      )}
      {body !== null && (
        <details>
          <summary className="text-muted">Object</summary>
          <pre className="mt-1 max-w-96 overflow-x-auto border border-line bg-sunken p-2 whitespace-pre-wrap">
            <UntrustedText lines>{JSON.stringify(body, null, 1)}</UntrustedText>
          </pre>
        </details>
      )}
    </>
  )
}
