import { RequestLink } from '#components/request/request-link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AccessAtItem } from '#lib/core/access/access-at-resource'
import { rulesInWords } from '#lib/core/rbac/sentence'

/** Grants that were live at a moment or in a period: who, what, why, who approved it, and its real begin and end. */
export function AccessAtTable({ items }: { items: AccessAtItem[] }) {
  return (
    <ScrollTable caption="Live access, oldest first">
      <thead>
        <tr>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">Where</th>
          <th scope="col">Why</th>
          <th scope="col">Approved by</th>
          <th scope="col">
            Began (<ZoneName />)
          </th>
          <th scope="col">
            Ended (<ZoneName />)
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.grantId} id={item.grantId}>
            <td>
              <UntrustedText>{item.person.name}</UntrustedText>
              <br />
              <RequestLink id={item.requestId} />
            </td>
            <td className="min-w-48">
              {item.clusterRole ? <code>ClusterRole {item.clusterRole}</code> : rulesInWords(item.rules)}
            </td>
            <td>
              <code>
                <UntrustedText>{[item.cluster, item.namespaces.join(', ')].join(' · ')}</UntrustedText>
              </code>
            </td>
            <td className="min-w-40">
              <UntrustedText lines>{item.reason}</UntrustedText>
              {item.ticket && (
                <>
                  {' '}
                  <code>
                    <UntrustedText>{item.ticket}</UntrustedText>
                  </code>
                </>
              )}
            </td>
            <td>
              {item.approvers.length === 0
                ? 'no approval needed'
                : item.approvers.map(({ name, at }) => (
                    <span key={`${name} ${at}`} className="block">
                      <UntrustedText>{name}</UntrustedText>
                    </span>
                  ))}
            </td>
            <td>
              <Time at={item.beganAt} as="exact" />
            </td>
            <td>{item.endedAt ? <Time at={item.endedAt} as="exact" /> : 'not ended'}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
