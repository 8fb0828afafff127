import { UntrustedText } from '#components/ui/untrusted-text'
import type { PostureResource } from '#lib/core/access/posture-finding'

type OwnRights = PostureResource['own'][number]

function Where({ bindings, moreBindings }: Pick<OwnRights, 'bindings' | 'moreBindings'>) {
  const namespaces = bindings.flatMap(({ namespace }) => namespace || [])
  if (namespaces.length === 0) return 'in the whole cluster'
  const more = moreBindings > 0 ? `, and ${moreBindings} more` : ''
  return (
    <>
      in <UntrustedText>{`${namespaces.join(', ')}${more}`}</UntrustedText>
    </>
  )
}

/** What Postern's own account may do, each with its reason. */
export function OwnRightsList({ own }: { own: readonly OwnRights[] }) {
  return (
    <ul className="border-t border-line">
      {own.map(({ role, part, permissions, ...where }) => (
        <li key={role.name} className="border-b border-line py-2 text-dense">
          <p>
            <code>{role.name}</code> <Where {...where} />
            <span className="text-muted"> · part {part}</span>
          </p>
          <dl className="mt-1 grid gap-x-4 rail:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
            {permissions.map(({ permission, why }) => (
              <div key={permission} className="contents">
                <dt>
                  <code className="wrap-anywhere">{permission}</code>
                </dt>
                <dd className="text-muted">{why}</dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}
