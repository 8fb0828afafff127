import { ScrollTable } from '#components/ui/scroll-table'
import { Section } from '#components/ui/section'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { StandingDuring } from '#lib/core/access/access-at-resource'
import { shortDuration } from '#lib/core/access/duration'

/** Rows on the page; the API has more. */
const shown = 200

const Name = ({ children }: { children: string }) => (
  <code>
    <UntrustedText>{children}</UntrustedText>
  </code>
)

/** How well the standing rights of a cluster are known for the time that was asked about. */
function Reading({
  of: { cluster, lastReadAt, notRead },
  end,
}: {
  of: StandingDuring['clusters'][number]
  end: string
}) {
  const age = lastReadAt ? Math.round((Date.parse(end) - Date.parse(lastReadAt)) / 1000) : 0
  return (
    <li>
      <code>{cluster}</code>:{' '}
      {lastReadAt ? (
        <>
          last read at <Time at={lastReadAt} as="exact" withZone />
          {age > 0 && `, ${shortDuration(age)} before the end of this time`}
        </>
      ) : (
        'not read before the end of this time'
      )}
      {notRead.map((gap) => (
        <span key={gap.from} className="block text-ending">
          ◐ Not read from <Time at={gap.from} as="exact" /> to <Time at={gap.to} as="exact" withZone />: changes in this
          time are not known.
        </span>
      ))}
    </li>
  )
}

/** Standing rights that allowed an action, apart from the grants, as Postern read them. */
export function StandingTable({
  standing: { items, clusters, isComplete },
  end,
}: {
  standing: StandingDuring
  end: string
}) {
  return (
    <Section id="standing" title="Standing access, without Postern">
      <ul className="mb-3 text-dense text-muted">
        {clusters.map((one) => (
          <Reading key={one.cluster} of={one} end={end} />
        ))}
      </ul>
      {items.length === 0 ? (
        <p className="text-dense">No role binding that was read allowed it.</p>
      ) : (
        <ScrollTable caption="Role bindings that allowed it, as they were read">
          <thead>
            <tr>
              <th scope="col">Subject</th>
              <th scope="col">Where</th>
              <th scope="col">Role and binding</th>
              <th scope="col">
                First read (<ZoneName />)
              </th>
              <th scope="col">
                No longer read (<ZoneName />)
              </th>
            </tr>
          </thead>
          <tbody>
            {items.slice(0, shown).map((item) => (
              <tr key={JSON.stringify(item)}>
                <td className="wrap-anywhere">
                  {item.subject.kind}{' '}
                  <Name>{[item.subject.namespace, item.subject.name].filter(Boolean).join('/')}</Name>
                </td>
                <td>
                  <Name>{item.cluster}</Name> ·{' '}
                  {item.binding.namespace ? <Name>{item.binding.namespace}</Name> : 'the whole cluster'}
                </td>
                <td className="wrap-anywhere">
                  {item.role.kind} <Name>{item.role.name}</Name> by <Name>{item.binding.name}</Name>
                </td>
                <td>
                  <Time at={item.from} as="exact" />
                </td>
                <td>{item.until ? <Time at={item.until} as="exact" /> : '–'}</td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
      {items.length > shown && <p className="text-dense text-muted">There are more. They are in the API.</p>}
      {!isComplete && (
        <p className="text-dense text-ending">There may be more. Narrow the search to a cluster or a namespace.</p>
      )}
    </Section>
  )
}
