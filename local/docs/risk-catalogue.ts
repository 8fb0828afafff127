// The catalogue as a page for people: docs/risks.md is made by this, and a test holds the two together.
import type { Rule } from '#lib/core/access/rule'
import { families } from '#lib/core/rbac/risk/catalogue'
import type { RiskEntry, RiskFamily } from '#lib/core/rbac/risk/entry'
import { type PathEntry, pathEntries } from '#lib/core/rbac/risk/paths'

const opening = `# What makes rights dangerous

Postern judges the rules of every request against this catalogue and shows the approver what it finds. Each entry has an
id that does not change, so that guardrails can name it, and one of three severities:

* **high**: hands out or takes over rights, reads secrets, or removes what protects the cluster;
* **medium**: runs programs, changes what others rely on, or removes it;
* **low**: worth knowing.

A Role and its binding give nothing over objects of the cluster: entries marked *cluster* count only where rights are
bound for the whole cluster. Three things make a finding graver: a namespace that the cluster itself depends on, service
accounts of the namespace that may do more than was asked for, and combinations of rules, which have entries of their own.

Wildcards, subresources and names are matched as the API server matches them: \`*\` covers subresources, \`pods/*\` is no
wildcard, a rule narrowed to names does not give \`create\` or \`deletecollection\` by itself. Rights that are not listed
here may be dangerous too: extensions bring their own.
`

const closing = `
This page is made from the catalogue in \`lib/core/rbac/risk\`; \`npx vitest run -u local/docs/risk-catalogue.test.ts\` writes it anew.
`

const words = (values: readonly string[]) => values.map((value) => (value === '' ? '""' : value)).join(', ')

const exampleOf = (rule: Rule) =>
  [`${words(rule.verbs)} ${words(rule.resources)}`, rule.apiGroups[0] ? `in ${words(rule.apiGroups)}` : '']
    .filter((part) => part !== '')
    .join(' ') + (rule.resourceNames ? ` named ${words(rule.resourceNames)}` : '')

const sourceOf = (source: string) =>
  source.startsWith('https://') ? `[source](${source})` : `kubernetes/kubernetes: \`${source}\``

function rowOf(entry: RiskEntry): string {
  const severity = entry.inPrivileged ? `${entry.severity}; ${entry.inPrivileged} in system namespaces` : entry.severity
  const examples = entry.example.map((rule) => `\`${exampleOf(rule)}\``).join('<br>and ')
  const where = entry.scope === 'cluster' ? '<br>*cluster*' : ''
  const cells = [
    `\`${entry.id}\`${where}`,
    severity,
    entry.sentence,
    entry.outlives ?? '–',
    examples,
    sourceOf(entry.source),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function tableOf(family: RiskFamily): string {
  const head =
    '| id | severity | what somebody could do | outlives the grant | example | source |\n|---|---|---|---|---|---|'
  return `\n## ${family.title}\n\n${[head, ...family.entries.map(rowOf)].join('\n')}\n`
}

const pathsOpening = `
## Paths that are no resource

Only a ClusterRoleBinding gives a path such as \`/metrics\`, so no request asks for one; \`postern check\` finds them in ClusterRoles.
A \`*\` at the end stands for everything that begins so, anywhere else it is the character. What is asked of a scheduler or a
controller manager is decided by the same rules.

| id | severity | what somebody could do | outlives it | example | source |
|---|---|---|---|---|---|
`

const pathRowOf = ({ id, severity, sentence, outlives, example, source }: PathEntry) =>
  `| \`${id}\`<br>*cluster* | ${severity} | ${sentence} | ${outlives ?? '–'} | \`${words(example.verbs)} ${words(example.nonResourceURLs)}\` | ${sourceOf(source)} |`

const pathsTable = () => `${pathsOpening}${pathEntries.map(pathRowOf).join('\n')}\n`

/** docs/risks.md, whole. */
export const risksDocument = (): string => [opening, ...families.map(tableOf), pathsTable(), closing].join('')
