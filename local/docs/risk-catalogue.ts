// The risk catalogue as a page for people. A test compares docs/risks.md with it.
import type { Rule } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import { families } from '#lib/core/rbac/risk/catalogue'
import type { RiskEntry, RiskFamily } from '#lib/core/rbac/risk/entry'
import {
  type ExtensionKind,
  type ExtensionRisk,
  everyExtension,
  extensionKinds,
} from '#lib/core/rbac/risk/extension-kinds'
import { shippedExtensionRisks } from '#lib/core/rbac/risk/extension-matches'
import { type PathEntry, pathEntries } from '#lib/core/rbac/risk/paths'

const opening = `# Dangerous permissions

Postern assesses the rules of every request against this catalogue and shows the approver what it finds. Each entry has a
stable id, which guardrails can name, and one of three severities:

* **high**: grants or takes over permissions, reads secrets, or removes what protects the cluster;
* **medium**: runs programs, or changes or removes what others rely on;
* **low**: worth knowing.

A Role and its RoleBinding cannot grant access to cluster-wide objects, so entries marked *cluster* count only where rules
are bound for the whole cluster. Three things increase a severity: a namespace that the cluster itself depends on, service
accounts in the namespace that may do more than was requested, and combinations of rules, which have entries of their own.

*Keeps or widens* says whether the holder could keep permissions after a grant has ended, or gain more than it: *no* only where that is
certain in an ordinary namespace. *Posture* suggests no entitlement for a role with another risk, or with one of [extensions](#extensions).

Who can write or delete a Secret can often read it: the answer to a patch contains the object, even to an empty one that changes nothing. With
\`dryRun=All\`, \`delete\` answers with the Secret where \`propagationPolicy=Foreground\` is set, and \`deletecollection\` with the list. Only \`create\` and
\`update\` return nothing that the caller did not send. A test tries each of them on a real API server.

Wildcards, subresources and names match as they do in the API server: \`*\` includes subresources, \`pods/*\` is not a
wildcard, and a rule with object names alone does not allow \`create\` or \`deletecollection\`. Permissions that are not
listed here can be dangerous too, because extensions bring their own: [add those of yours](#extensions).
`

const closing = `
This page is generated from the catalogue in \`lib/core/rbac/risk\`. To update it, run
\`npx vitest run --project unit local/docs/risk-catalogue -u\`.
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
    entry.isContained ? 'no' : 'yes',
    examples,
    sourceOf(entry.source),
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function tableOf(family: RiskFamily): string {
  const head =
    '| id | severity | what the holder could do | outlives the grant | keeps or widens | example | source |\n|---|---|---|---|---|---|---|'
  return `\n## ${family.title}\n\n${[head, ...family.entries.map(rowOf)].join('\n')}\n`
}

const pathsOpening = `
## Paths that are not resources

Only a ClusterRoleBinding can grant access to a path such as \`/metrics\`, so no request can contain one. \`postern check\`
finds them in ClusterRoles. A \`*\` at the end matches everything that begins with the path; anywhere else it is a literal
character. The scheduler and the controller manager apply the same rules to their own paths.

| id | severity | what the holder could do | outlives the access | example | source |
|---|---|---|---|---|---|
`

const pathRowOf = ({ id, severity, sentence, outlives, example, source }: PathEntry) =>
  `| \`${id}\`<br>*cluster* | ${severity} | ${sentence} | ${outlives ?? '–'} | \`${words(example.verbs)} ${words(example.nonResourceURLs)}\` | ${sourceOf(source)} |`

const pathsTable = () => `${pathsOpening}${pathEntries.map(pathRowOf).join('\n')}\n`

const extensionsOpening = `
## Extensions

Permissions over the objects of an extension are often a road to the permissions of its operator. The list is data,
[\`lib/core/rbac/risk/extensions.json\`](../lib/core/rbac/risk/extensions.json). What each of them leads to:

| id | severity | what the holder could do | outlives the grant |
|---|---|---|---|
`

const extensionsClosing = `
\`*\` among the resources stands for every resource of the group that no other row names, and \`*/proxy\` for this subresource
of any resource. The groups \`*.example.com\` and \`*\` stand for groups of extensions that have no row of their own. Another
permission over an extension that is not in the list has no finding, except for wildcards. To get one for all of them, add
an entry with the group \`*\` and the resource \`*\`.

A rule for the API group \`*\` and a named resource is judged only in the groups that serve this resource in the cluster.
Where that is not known (\`postern check\`, lists of requests), a name that Kubernetes itself has means that one, and any
other name every group of the list that has it.

### How the names were verified

A wrong group or resource is a risk that is not found. By 2026-11-26 every group and every named resource of the list (${shippedExtensionRisks.length}
entries) was found in a CustomResourceDefinition or an API type, in more than 200 public repositories. What an aggregated API
server serves (OpenShift, Rancher, Gardener, KubeVirt, Karmada, Loft) was found in the code that registers it, and for Kasten in its
reference documentation.

- Some names are only in older versions: \`core.haproxy.org\`, \`x.getambassador.io\`, \`identity.aws.crossplane.io\`,
  \`settings.gardener.cloud\`, \`project.cattle.io\`, catalogs and pod security templates of Rancher, \`clusterextensionrevisions\`.
- Not verified: that no other resource of a group is dangerous, and the reasons, severities and scopes of the entries whose names were
  found first (about two thirds of the list).
- Subresources with a second slash, such as \`virtualmachineinstances/sev/setupsession\` of KubeVirt, are not in the list, because a
  rule of Postern can't name them.

### Your own extensions

\`risks\` in \`postern.yaml\` has the same form. It adds to the list, and cannot remove anything from it or lower a severity.

\`\`\`yaml
risks:
  - group: jobs.example.com
    resources: [batchruns]
    verbs: [create, update, patch]
    leadsTo: runs-programs          # an id of the first table of this section
    why: runs any image as the account batch-admin
    severity: high                  # optional: the severity of leadsTo by default
    source: https://wiki.example.com/batch    # optional
\`\`\`

\`scope: cluster\` marks cluster-wide resources, which a RoleBinding cannot grant access to. \`postern check --policy\` and
\`postern policy test\` read \`risks\` too. Requests are replayed with the risks that were recorded when they were submitted.
`

const cellsOf = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`

const kindRowOf = ({ id, severity, inPrivileged, sentence, outlives }: ExtensionKind) =>
  cellsOf([
    `\`${id}\``,
    inPrivileged && inPrivileged !== severity ? `${severity}; ${inPrivileged} in system namespaces` : severity,
    sentence,
    outlives ?? '–',
  ])

const extensionRowOf = ({ group, resources, verbs, why, severity, scope, source }: ExtensionRisk, usual: Severity) =>
  cellsOf([
    `\`${group}\``,
    resources.map((resource) => `\`${resource}\``).join(', ') + (scope ? '<br>*cluster*' : ''),
    words(verbs),
    why,
    severity ?? usual,
    source ? sourceOf(source) : '–',
  ])

function extensionsTable({ id, severity }: ExtensionKind): string {
  const rows = shippedExtensionRisks.filter(({ leadsTo }) => leadsTo === id).map((row) => extensionRowOf(row, severity))
  const head = '| API group | resources | verbs | what happens | severity | source |\n|---|---|---|---|---|---|'
  return `\n### Extensions: \`${id}\`\n\n${[head, ...rows].join('\n')}\n`
}

const extensions = () =>
  [
    extensionsOpening,
    `${[everyExtension, ...extensionKinds].map(kindRowOf).join('\n')}\n`,
    extensionsClosing,
    ...extensionKinds.map(extensionsTable),
  ].join('')

/** docs/risks.md, whole. */
export const risksDocument = (): string =>
  [opening, ...families.map(tableOf), pathsTable(), extensions(), closing].join('')
