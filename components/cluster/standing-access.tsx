import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { PostureResource } from '#lib/core/access/posture-finding'

type Standing = PostureResource['standing'][number]

const mostShown = 20

/** What people hold permanently, and how a request could replace it. */
export function StandingAccessList({ standing }: { standing: readonly Standing[] }) {
  return (
    <ul className="border-t border-line">
      {standing.map((one) => (
        <li key={`${one.namespace}/${one.role.kind}/${one.role.name}`} className="border-b border-line py-2 text-dense">
          <p className="max-w-[72ch] wrap-anywhere">
            <UntrustedText>{one.sentence}</UntrustedText> <span className="text-muted">{one.severity} risk</span>
          </p>
          <Holders of={one} />
          <details>
            <summary className="py-1 text-muted">How to replace it</summary>
            {one.offeredBy !== null && (
              <p>
                Entitlement <code>{one.offeredBy}</code> already offers it.
              </p>
            )}
            {one.whyNotSuggested !== null && (
              <p className="max-w-[72ch] wrap-anywhere">
                No entitlement is suggested. <UntrustedText>{one.whyNotSuggested}</UntrustedText>
              </p>
            )}
            {one.suggestion !== null && (
              <>
                <p>Add an entitlement to postern.yaml, with the approvers filled in:</p>
                <Code text={one.suggestion} />
              </>
            )}
            <p>Once people can request it, remove the standing access:</p>
            <Code text={one.remove.join('\n')} />
          </details>
        </li>
      ))}
    </ul>
  )
}

function Code({ text }: { text: string }) {
  return (
    <pre className="mt-1 mb-2 border border-line bg-sunken p-2 whitespace-pre-wrap wrap-break-word">
      <UntrustedText lines>{text}</UntrustedText>
    </pre>
  )
}

function Holders({ of: { people, morePeople, groups, moreGroups } }: { of: Standing }) {
  const left = [people, groups].reduce(
    (sum, { length }) => sum + Math.max(0, length - mostShown),
    morePeople + moreGroups,
  )
  return (
    <p className="wrap-anywhere text-muted">
      {groups.slice(0, mostShown).map((name, index) => (
        <span key={name}>
          {index > 0 && ', '}Group <UntrustedText>{name}</UntrustedText>
        </span>
      ))}
      {people.slice(0, mostShown).map(({ name, lastCallAt }, index) => (
        <span key={name}>
          {index + groups.length > 0 && ', '}
          <UntrustedText>{name}</UntrustedText>
          {lastCallAt && (
            <>
              {' '}
              (last call <Time at={lastCallAt} />)
            </>
          )}
        </span>
      ))}
      {left > 0 && ` and ${left} more`}
    </p>
  )
}
