import type { Rule } from '#lib/access/rule'
import { rulesInWords } from '#lib/rbac/sentence'
import { Said } from '../ui/said.tsx'

type Props = { rules: Rule[]; namespaces: string[]; clusterRole: string | null; caption: string }

/** What becomes possible, rule by rule: the verbs first, because they are what an approver decides about. */
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
          {rules.map((rule) => (
            <tr key={JSON.stringify(rule)}>
              <td>
                <code className="font-strong">{wordsOf(rule).verbs}</code>
              </td>
              <td>
                <code>
                  <Said>{wordsOf(rule).targets}</Said>
                </code>
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

/** The sentence of one rule, cut where its verbs end, so that words and table never disagree. */
function wordsOf(rule: Rule) {
  const bare = rulesInWords([rule])
  const verbs = rulesInWords([{ ...rule, apiGroups: [''], resources: ['x'], resourceNames: [] }]).slice(0, -2)
  return { verbs, targets: bare.slice(verbs.length + 1) }
}
