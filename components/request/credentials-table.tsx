import { Copyable } from '#components/ui/copyable'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { GrantResource } from '#lib/core/access/resources'

/** Every token that was issued under a grant, known by its id. The tokens themselves are nowhere. */
export function CredentialsTable({ credentials }: { credentials: GrantResource['credentials'] }) {
  if (credentials.length === 0) return <p className="text-dense text-muted">No credential was issued.</p>
  return (
    <ScrollTable caption="Credentials issued">
      <thead>
        <tr>
          <th scope="col">
            <code>jti</code>
          </th>
          <th scope="col">Taken by</th>
          <th scope="col">Issued (UTC)</th>
          <th scope="col">Dies (UTC)</th>
        </tr>
      </thead>
      <tbody>
        {credentials.map((one) => (
          <tr key={one.id}>
            <td>
              <Copyable text={one.jti} label="the token's id" />
            </td>
            <td>
              <UntrustedText>{one.person.name}</UntrustedText>
            </td>
            <td>
              <Time at={one.issuedAt} as="exact" />
            </td>
            <td>
              {one.void ? (
                <span className="text-muted">void: its ServiceAccount is gone</span>
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
