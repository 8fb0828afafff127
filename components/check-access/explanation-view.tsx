import Link from 'next/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AccessExplanation } from '#lib/core/access/explanation'
import { rulesInWords } from '#lib/core/rbac/sentence'

type Way = AccessExplanation['ways'][number]
type ChainLink = Pick<Way, 'binding' | 'role'>

/** One answer: may or not, by which chain, what is in the way, and what to ask for. */
export function ExplanationView({ answer, isMine }: { answer: AccessExplanation; isMine: boolean }) {
  const { allowed, why, ways, dangling, grants, hints, entitlements, question } = answer
  return (
    <article className="border-t border-line py-4">
      <h2 className="flex gap-2 text-body">
        <Mark allowed={allowed} />
        <UntrustedText>{why}</UntrustedText>
      </h2>
      <div className="mt-2 space-y-3 pl-6">
        {hints.map((hint) => (
          <p key={hint} className="text-dense text-waiting">
            <UntrustedText>{hint}</UntrustedText>
          </p>
        ))}
        {ways.length > 0 && <Chains ways={ways} cluster={question.cluster} />}
        {dangling.length > 0 && (
          <p className="max-w-[72ch] text-dense">
            {dangling.length === 1 ? 'A binding names a role' : 'Bindings name roles'} that{' '}
            {dangling.length === 1 ? 'is' : 'are'} not there and {dangling.length === 1 ? 'gives' : 'give'} nothing
            until somebody makes {dangling.length === 1 ? 'it' : 'them'}:{' '}
            <code>
              <UntrustedText>{dangling.map(danglingInWords).join('; ')}</UntrustedText>
            </code>
          </p>
        )}
        {grants.map((grant) => (
          <p key={grant.id} className="text-dense">
            <span className="text-good">●</span> {isMine ? 'Your' : 'A'} grant{' '}
            <Link className="link" href={`/requests/${grant.requestId}`}>
              <UntrustedText>{grant.title}</UntrustedText>
            </Link>{' '}
            allows it to whoever connects with it, until <Time at={grant.expiresAt} as="exact" /> UTC.
          </p>
        ))}
        {allowed !== true && <Offers entitlements={entitlements} isMine={isMine} namespace={question.namespace} />}
      </div>
    </article>
  )
}

function Mark({ allowed }: { allowed: boolean | null }) {
  if (allowed === null)
    return (
      <span className="text-waiting">
        <span aria-hidden>?</span>
        <span className="sr-only">Not known:</span>
      </span>
    )
  return (
    <span aria-hidden className={allowed ? 'text-good' : 'text-bad'}>
      {allowed ? '✓' : '✕'}
    </span>
  )
}

const bindingInWords = ({ binding: { kind, namespace, name } }: ChainLink) =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`
const danglingInWords = (link: ChainLink) => `${bindingInWords(link)} → ${link.role.kind} ${link.role.name}`

function ruleInWords({ rule: { nonResourceURLs, ...rule } }: Way): string {
  if (nonResourceURLs.length > 0) return `${rule.verbs.join(', ')} ${nonResourceURLs.join(', ')}`
  return rulesInWords([{ ...rule, resourceNames: rule.resourceNames.length ? rule.resourceNames : undefined }])
}

function Chains({ ways, cluster }: { ways: Way[]; cluster: string }) {
  return (
    <ScrollTable caption={`What allows it in ${cluster}`}>
      <thead>
        <tr>
          <th scope="col">Binding</th>
          <th scope="col">Role</th>
          <th scope="col">Rule</th>
        </tr>
      </thead>
      <tbody>
        {ways.map((way, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a role may say the same rule twice; the order is the cluster's
          <tr key={index}>
            <td>
              <code>
                <UntrustedText>{bindingInWords(way)}</UntrustedText>
              </code>
            </td>
            <td>
              <code>
                <UntrustedText>{`${way.role.kind} ${way.role.name}`}</UntrustedText>
              </code>
            </td>
            <td>
              <code>
                <UntrustedText>{ruleInWords(way)}</UntrustedText>
              </code>
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

function Offers({
  entitlements,
  isMine,
  namespace,
}: Pick<AccessExplanation, 'entitlements'> & { isMine: boolean; namespace: string }) {
  const who = isMine ? 'you' : 'they'
  if (entitlements.length === 0)
    return (
      <p className="max-w-[72ch] text-dense text-muted">
        {namespace
          ? `Nothing that ${who} may ask for gives it. Whoever runs Postern decides what may be asked for.`
          : 'Postern gives access in namespaces only: name one to see what may be asked for.'}
      </p>
    )
  return (
    <div className="text-dense">
      <p className="text-muted">
        {isMine ? 'What you may ask for that would give it' : 'What they may ask for'}, best first:
      </p>
      <ul className="mt-1">
        {entitlements.map(({ name, title, approvals, ask }) => (
          <li key={name} className="flex flex-wrap items-baseline gap-x-3 py-0.5">
            {isMine ? (
              <Link className="link font-strong" href={ask as '/requests/new'}>
                <UntrustedText>{title}</UntrustedText>
              </Link>
            ) : (
              <span className="font-strong">
                <UntrustedText>{title}</UntrustedText>
              </span>
            )}
            <span className="text-muted">
              {approvals.length
                ? approvals.map((step) => `${step.count} of ${step.groups.join(' or ')}`).join(' and ')
                : 'nobody has to approve'}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
