import { ScrollTable } from '#components/ui/scroll-table'
import { UntrustedText } from '#components/ui/untrusted-text'
import { groupInWords, personIn } from '#lib/core/access/on-call'

type Group = { name: string; rota: string | null; roles: string[]; mayRequest: string[]; approves: string[] }
type Props = { groups: Group[]; claim: string; issuer: string }

/** Where this membership comes from. A step of the configuration may name the person (on-call.ts). */
function sourceOf(group: string, rota: string | null): string {
  if (rota !== null) return `rota ${rota}`
  return personIn(group) === undefined ? 'identity provider' : 'named in postern.yaml'
}

/** The groups of a person, where each came from, and what it allows here. */
export function GroupsTable({ groups, claim, issuer }: Props) {
  const claimed = (
    <>
      the claim <code>{claim}</code> of <code className="wrap-anywhere">{issuer}</code>
    </>
  )
  if (groups.length === 0) return <p className="text-muted">You have no groups. They would come from {claimed}.</p>
  return (
    <>
      <p className="mb-2 max-w-[72ch] text-dense text-muted">
        Your identity provider sends your groups in {claimed}. Postern refreshes them every few minutes.
      </p>
      <ScrollTable caption="Your groups">
        <thead>
          <tr>
            <th scope="col">Group</th>
            <th scope="col">From</th>
            <th scope="col">Role</th>
            <th scope="col">You can request</th>
            <th scope="col">You approve</th>
          </tr>
        </thead>
        <tbody>
          {groups.map(({ name, rota, roles, mayRequest, approves }) => (
            <tr key={name}>
              <td>
                <code>
                  <UntrustedText>{groupInWords(name)}</UntrustedText>
                </code>
              </td>
              <td>{sourceOf(name, rota)}</td>
              <td>{roles.join(', ') || '–'}</td>
              <td>{mayRequest.join(', ') || '–'}</td>
              <td>{approves.join(', ') || '–'}</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </>
  )
}
