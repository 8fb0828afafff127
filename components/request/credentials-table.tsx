import { Copyable } from '#components/ui/copyable'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { GrantResource } from '#lib/core/access/grant-resource'

/** Every token issued under a grant, by its id. The tokens themselves are not stored. */
export function CredentialsTable({ credentials }: { credentials: GrantResource['credentials'] }) {
  if (credentials.length === 0) return <p className="text-dense text-muted">No credentials were issued.</p>
  return (
    <ScrollTable caption="Issued credentials">
      <thead>
        <tr>
          <th scope="col">
            Audit ID (<code>jti</code>)
          </th>
          <th scope="col">Issued to</th>
          <th scope="col">
            Issued (<ZoneName />)
          </th>
          <th scope="col">
            Expires (<ZoneName />)
          </th>
        </tr>
      </thead>
      <tbody>
        {credentials.map((one) => (
          <tr key={one.id}>
            <td>
              <Copyable text={one.jti} label="audit ID" />
            </td>
            <td>
              <UntrustedText>{one.person.name}</UntrustedText>
            </td>
            <td>
              <Time at={one.issuedAt} as="exact" />
            </td>
            <td>
              {one.void ? (
                <span className="text-muted">no longer accepted by the cluster</span>
              ) : (
                <Time at={one.expiresAt} as="exact" />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
