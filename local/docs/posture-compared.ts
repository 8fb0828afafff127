// Postern's posture beside the RBAC checks of four scanners, as a page for people. A test compares docs/posture-compared.md with it.
import type { Rule } from '#lib/core/access/rule'
import { judgePosture } from '#lib/core/rbac/posture/judge'
import { catalogue } from '#lib/core/rbac/risk/catalogue'
import { type Scanner, type ScannerCheck, scannerChecks, scanners } from './scanner-checks.ts'

/** What Postern finds in these permissions alone, the most severe first: `reads-secrets (high)`. */
export function findingsOf({ rules, namespace, subject }: ScannerCheck): { check: string; severity: string }[] {
  const roleRef = { kind: namespace === '' ? 'ClusterRole' : 'Role', name: 'compared' }
  const { findings } = judgePosture({
    objects: {
      roles: namespace === '' ? [] : [{ metadata: { namespace, name: 'compared' }, rules }],
      clusterRoles: namespace === '' ? [{ metadata: { name: 'compared' }, rules }] : [],
      roleBindings:
        namespace === '' ? [] : [{ metadata: { namespace, name: 'compared' }, roleRef, subjects: [subject] }],
      clusterRoleBindings: namespace === '' ? [{ metadata: { name: 'compared' }, roleRef, subjects: [subject] }] : [],
    },
    served: null,
    serviceAccounts: { payments: ['api', 'default'] },
  })
  return findings.map(({ finding: { check, severity } }) => ({ check, severity }))
}

const ruleText = ({ verbs, resources, apiGroups, resourceNames = [] }: Rule) =>
  [
    `${verbs.join(',')} ${resources.join(',')}`,
    ...(apiGroups.every((group) => group === '') ? [] : [`in ${apiGroups.join(',')}`]),
    ...(resourceNames.length > 0 ? [`named ${resourceNames.join(',')}`] : []),
  ].join(' ')

const mostOthers = 3

function rowOf(check: ScannerCheck): string {
  const { rules, namespace, subject, finds } = check
  const place = namespace === '' ? 'whole cluster' : namespace
  const others = subject.name === 'api' ? '' : `<br>for ${subject.kind} \`${subject.name}\``
  const all = findingsOf(check).map(({ check: id, severity }) =>
    id === finds ? `**${id}** ${severity}` : `${id} ${severity}`,
  )
  // The finding with the same meaning, and the most severe others.
  const same = all.filter((text) => text.startsWith('**'))
  const rest = all.filter((text) => !text.startsWith('**'))
  const left = rest.length - mostOthers
  const found = [...same, ...rest.slice(0, mostOthers), ...(left > 0 ? [`and ${left} more`] : [])]
  const tried = check.isTried ? ' A test tries it on the API server.' : ''
  const cells = [
    check.check,
    `${rules.map((rule) => `\`${ruleText(rule)}\``).join('<br>and ')}<br>${place}${others}`,
    typeof finds === 'string' ? found.join('<br>') : `– ${finds.nothing}${tried}`,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function sectionOf(scanner: Scanner): string {
  const { repository, commit, date } = scanners[scanner]
  const own = scannerChecks.filter((one) => one.scanner === scanner)
  const agreed = own.filter(({ finds }) => typeof finds === 'string').length
  const head = '| their check | permissions | Postern |\n|---|---|---|'
  return `
## ${scanner}

[Rules](${repository}) of ${date} (\`${commit}\`). ${own.length} cases: Postern finds ${agreed} of them.

${[head, ...own.map(rowOf)].join('\n')}
`
}

/** Risks of the catalogue that no case of the scanners has. */
function more(): string {
  const found = new Set(scannerChecks.flatMap((one) => findingsOf(one).map(({ check }) => check)))
  const others = catalogue.filter(({ id, severity }) => severity !== 'low' && !found.has(id))
  return `
## Risks in no case

${others.map(({ id }) => `\`${id}\``).join(', ')}; and those of [extensions](risks.md#extensions). Of the other checks of \`docs/posture.md\`, no case is about
\`missing-role\`, \`missing-account\`, \`bound-by-hand\` or \`own-rights\`. \`approves-certificates\` needs two permissions, which the scanners report one by one.
`
}

const opening = `# Posture compared with other scanners

What the checks of four scanners look for in RBAC, and what *Posture* finds in the same permissions. The permissions are the smallest that
have the property, written for this page from the rules and the documentation of each scanner; the scanners themselves were not run. Checks
about pods, nodes and flags of the API server are left out. The finding with the same meaning is **bold**.
`

const closing = `
This page is generated from \`local/docs/scanner-checks.ts\`. To update it, run
\`npx vitest run --project unit local/docs/posture-compared -u\`.
`

/** docs/posture-compared.md, whole. */
export const comparisonDocument = (): string =>
  [opening, ...(Object.keys(scanners) as Scanner[]).map(sectionOf), more(), closing].join('')
