import type { Rule } from '#lib/access/rule'
import { rulesInWords } from '#lib/rbac/sentence'
import { Said } from '../ui/said.tsx'

// A vetted ClusterRole such as `view` names some eighty resources: more than this many are folded behind their number.
const mostShown = 12

type Props = { rules: Rule[]; namespaces: string[]; clusterRole: string | null; caption: string }

/** What becomes possible: the verbs first, because they are what an approver decides about; same verbs in one row. */
export function RulesTable({ rules, namespaces, clusterRole, caption }: Props) {
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
          {byVerbs(rules).map(({ key, verbs, targets, names }) => (
            <tr key={key}>
              <td className="min-w-24">
                <code className="font-strong">{verbs}</code>
              </td>
              <td>
                <Targets targets={targets} />
                {names.length > 0 && (
                  <p className="text-muted">
                    only named{' '}
                    <code className="text-ink">
                      <Said>{names.join(', ')}</Said>
                    </code>
                  </p>
                )}
              </td>
              <td>
                <code>
                  <Said>{namespaces.join(', ') || '–'}</Said>
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
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

function Targets({ targets }: { targets: string[] }) {
  const rest = targets.slice(mostShown)
  return (
    <>
      <code>
        <Said>{targets.slice(0, mostShown).join(', ')}</Said>
      </code>
      {rest.length > 0 && (
        <details>
          <summary>and {rest.length} more</summary>
          <code>
            <Said>{rest.join(', ')}</Said>
          </code>
        </details>
      )}
    </>
  )
}

type Row = { key: string; verbs: string; targets: string[]; names: string[] }

/** Rules with the same verbs on the same names as one row; every target in the words of the sentence, none left out. */
function byVerbs(rules: Rule[]): Row[] {
  const rows = new Map<string, Row>()
  for (const rule of rules) {
    const names = [...(rule.resourceNames ?? [])].sort()
    const verbs = said({ ...rule, apiGroups: [''], resources: ['x'] }).slice(0, -' x'.length)
    const key = JSON.stringify([verbs, names])
    const targets = rule.apiGroups.flatMap((group) =>
      rule.resources.map((resource) =>
        said({ verbs: ['get'], apiGroups: [group], resources: [resource] }).slice('get '.length),
      ),
    )
    const before = rows.get(key)?.targets ?? []
    rows.set(key, { key, verbs, names, targets: [...new Set([...before, ...targets])] })
  }
  return [...rows.values()]
}

const said = (rule: Rule) => rulesInWords([{ ...rule, resourceNames: undefined }])
