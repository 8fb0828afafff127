import { clsx } from 'clsx'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { Difference } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { rulesInWords } from '#lib/core/rbac/sentence'

// A ClusterRole such as `view` names some eighty resources; the rest of a long list is folded.
const mostShown = 12

type Props = {
  rules: Rule[]
  namespaces: string[]
  clusterRole: string | null
  caption: string
  /** Which of the permissions are new; null before that is known. */
  difference: Difference | null
  /** Whose permissions they are. */
  who: 'you' | 'they'
}

/**
 * Permissions: the new ones first, then, muted, those the person already has. The verbs lead, because an approver decides
 * about them; rules with the same verbs share a row.
 */
export function RulesTable({ rules, namespaces, clusterRole, caption, difference, who }: Props) {
  const parts = difference?.known
    ? [
        ...difference.gained.map((part) => ({ ...part, isHeld: false })),
        ...difference.held.map((part) => ({ ...part, isHeld: true })),
      ]
    : [{ namespaces, rules, isHeld: false }]
  return (
    <>
      <table className="table-plain wrap-anywhere [&_bdi]:wrap-anywhere [&_th]:wrap-normal">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Verbs</th>
            <th scope="col">Resources</th>
            <th scope="col">Namespaces</th>
          </tr>
        </thead>
        <tbody>
          {parts.flatMap(rowsOf).map(({ key, verbs, targets, names, at, isHeld }) => (
            <tr key={key} className={clsx(isHeld && 'text-muted')}>
              <td className="min-w-24">
                <code className={clsx(!isHeld && 'font-strong')}>{verbs}</code>
              </td>
              <td>
                <Targets targets={targets} />
                {names.length > 0 && (
                  <p className="text-muted">
                    named{' '}
                    <code className={clsx(!isHeld && 'text-ink')}>
                      <UntrustedText>{names.join(', ')}</UntrustedText>
                    </code>
                  </p>
                )}
                {isHeld && <p>{who} already can</p>}
              </td>
              <td>
                <code>
                  <UntrustedText>{at.join(', ') || '–'}</UntrustedText>
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {difference && rules.length > 0 && <CurrentAccess difference={difference} who={who} />}
      {rules.length === 0 && !clusterRole && <p className="py-2 text-dense text-muted">No permissions selected yet.</p>}
      {clusterRole && (
        <p className="mt-2 text-dense text-muted">
          Granted through the ClusterRole <code>{clusterRole}</code>, bound in each namespace.
          {rules.length === 0 && ' Its rules are unknown until the cluster responds.'}
        </p>
      )}
    </>
  )
}

/** When the person's current access was read, or why it is unknown. */
function CurrentAccess({ difference, who }: { difference: Difference; who: Props['who'] }) {
  return (
    <p className="mt-1.5 max-w-[72ch] text-dense text-muted">
      {!difference.known ? (
        <>
          What {who} can already do there is unknown: <UntrustedText>{difference.why}</UntrustedText>
        </>
      ) : (
        <>
          {difference.gained.length === 0 && (
            <span className="text-ink">None of this is new: {who} can already do all of it without Postern. </span>
          )}
          Based on the cluster’s roles and bindings, read <Time at={difference.asOf} />.
        </>
      )}
    </p>
  )
}

function Targets({ targets }: { targets: string[] }) {
  const rest = targets.slice(mostShown)
  return (
    <>
      <code>
        <UntrustedText>{targets.slice(0, mostShown).join(', ')}</UntrustedText>
      </code>
      {rest.length > 0 && (
        <details>
          <summary>and {rest.length} more</summary>
          <code>
            <UntrustedText>{rest.join(', ')}</UntrustedText>
          </code>
        </details>
      )}
    </>
  )
}

type Part = { rules: Rule[]; namespaces: string[]; isHeld: boolean }
type Row = { key: string; verbs: string; targets: string[]; names: string[]; at: string[]; isHeld: boolean }

/** Merges rules with the same verbs and names into one row, with every target written as in a sentence. */
function rowsOf({ rules, namespaces: at, isHeld }: Part): Row[] {
  const rows = new Map<string, Row>()
  for (const rule of rules) {
    const names = [...(rule.resourceNames ?? [])].sort()
    const verbs = inWords({ ...rule, apiGroups: [''], resources: ['x'] }).slice(0, -' x'.length)
    const key = JSON.stringify([isHeld, at, verbs, names])
    const targets = rule.apiGroups.flatMap((group) =>
      rule.resources.map((resource) =>
        inWords({ verbs: ['get'], apiGroups: [group], resources: [resource] }).slice('get '.length),
      ),
    )
    const before = rows.get(key)?.targets ?? []
    rows.set(key, { key, verbs, names, at, isHeld, targets: [...new Set([...before, ...targets])] })
  }
  return [...rows.values()]
}

/** Without a limit, because this table is where an approver finds every part. */
const inWords = (rule: Rule) => rulesInWords([{ ...rule, resourceNames: undefined }], Number.POSITIVE_INFINITY)
