import { clsx } from 'clsx'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { Difference } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { rulesInWords } from '#lib/core/rbac/sentence'

// A vetted ClusterRole such as `view` names some eighty resources: more than this many are folded behind their number.
const mostShown = 12

type Props = {
  rules: Rule[]
  namespaces: string[]
  clusterRole: string | null
  caption: string
  /** What of it is new; null before there is an answer. */
  difference: Difference | null
  /** To whom it is new. */
  who: 'you' | 'they'
}

/**
 * What becomes possible: what is new first, then, in quiet words, what is possible already. The verbs lead, because they
 * are what an approver decides about; same verbs in one row.
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
      <table className="table-plain">
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
                    only named{' '}
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
      {difference && rules.length > 0 && <Today difference={difference} who={who} />}
      {rules.length === 0 && !clusterRole && <p className="py-2 text-dense text-muted">No rules chosen yet.</p>}
      {clusterRole && (
        <p className="mt-2 text-dense text-muted">
          Through the vetted ClusterRole <code>{clusterRole}</code>, bound in each namespace
          {rules.length === 0 && '; what it holds is not known until the cluster answers'}.
        </p>
      )}
    </>
  )
}

/** As of when it is known what is new, or why it is not. */
function Today({ difference, who }: { difference: Difference; who: Props['who'] }) {
  return (
    <p className="mt-1.5 max-w-[72ch] text-dense text-muted">
      {!difference.known ? (
        <>
          What {who} can do there already is not known: <UntrustedText>{difference.why}</UntrustedText>
        </>
      ) : (
        <>
          {difference.gained.length === 0 && (
            <span className="text-ink">Nothing of it is new: {who} can do all of this without Postern. </span>
          )}
          By the cluster’s roles and bindings <Time at={difference.asOf} />.
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

/** Rules with the same verbs on the same names as one row; every target in the words of the sentence, none left out. */
function rowsOf({ rules, namespaces: at, isHeld }: Part): Row[] {
  const rows = new Map<string, Row>()
  for (const rule of rules) {
    const names = [...(rule.resourceNames ?? [])].sort()
    const verbs = said({ ...rule, apiGroups: [''], resources: ['x'] }).slice(0, -' x'.length)
    const key = JSON.stringify([isHeld, at, verbs, names])
    const targets = rule.apiGroups.flatMap((group) =>
      rule.resources.map((resource) =>
        said({ verbs: ['get'], apiGroups: [group], resources: [resource] }).slice('get '.length),
      ),
    )
    const before = rows.get(key)?.targets ?? []
    rows.set(key, { key, verbs, names, at, isHeld, targets: [...new Set([...before, ...targets])] })
  }
  return [...rows.values()]
}

const said = (rule: Rule) => rulesInWords([{ ...rule, resourceNames: undefined }])
