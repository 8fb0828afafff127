import { Link } from '#components/ui/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AccessExplanation } from '#lib/core/access/explanation'
import { approversInWords } from '#lib/core/access/on-call'
import { rulesInWords } from '#lib/core/rbac/sentence'

type Way = AccessExplanation['ways'][number]
type ChainLink = Pick<Way, 'binding' | 'role'>

/** One answer: allowed or not, through which bindings, what is missing, and which entitlement would grant it. */
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
            {dangling.length === 1
              ? 'A binding refers to a role that doesn’t exist. It grants nothing until the role is created:'
              : 'Bindings refer to roles that don’t exist. They grant nothing until the roles are created:'}{' '}
            <code>
              <UntrustedText>{dangling.map(danglingInWords).join('; ')}</UntrustedText>
            </code>
          </p>
        )}
        {grants.map((grant) => (
          <p key={grant.id} className="text-dense">
            <span className="text-good">●</span> {isMine ? 'Your' : 'Their'} grant{' '}
            <Link className="link" href={`/requests/${grant.requestId}`}>
              <UntrustedText>{grant.title}</UntrustedText>
            </Link>{' '}
            allows this until <Time at={grant.expiresAt} as="exact" withZone />, with a credential issued under it.
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
        <span className="sr-only">Unknown:</span>
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
    <ScrollTable caption={`Bindings that allow this in ${cluster}`}>
      <thead>
        <tr>
          <th scope="col">Binding</th>
          <th scope="col">Role</th>
          <th scope="col">Rule</th>
        </tr>
      </thead>
      <tbody>
        {ways.map((way, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a role may contain the same rule twice; the order is the cluster's
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
  const whose = isMine ? 'your' : 'their'
  if (entitlements.length === 0)
    return (
      <p className="max-w-[72ch] text-dense text-muted">
        {namespace
          ? `None of ${whose} entitlements grants this. A Postern administrator can add one.`
          : 'Postern grants access in namespaces only. Enter a namespace to see which entitlements fit.'}
      </p>
    )
  return (
    <div className="text-dense">
      <p className="text-muted">{isMine ? 'Your' : 'Their'} entitlements that would grant this, best match first:</p>
      <ul className="mt-1">
        {entitlements.map(({ name, title, approvals, requestPath }) => (
          <li key={name} className="flex flex-wrap items-baseline gap-x-3 py-0.5">
            {isMine ? (
              <Link className="link font-strong" href={requestPath as '/requests/new'}>
                <UntrustedText>{title}</UntrustedText>
              </Link>
            ) : (
              <span className="font-strong">
                <UntrustedText>{title}</UntrustedText>
              </span>
            )}
            <span className="text-muted">
              {approvals.length
                ? approvals.map((step) => `${step.count} of ${approversInWords(step)}`).join(' and ')
                : 'no approval needed'}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}
