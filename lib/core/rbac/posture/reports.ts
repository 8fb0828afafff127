// The open findings of a cluster for other tools. Names come from the cluster, so characters that hide or reorder text are
// written as code points.
import { stringify } from 'yaml'
import type { PostureResource } from '#lib/core/access/posture-finding'
import { sarifLevels, sarifRule, sarifVersion } from '#lib/core/access/sarif'
import { visible } from '#lib/core/access/visible-text'

/** `key` stays the same for as long as the binding has the problem. */
export type ReportedFinding = PostureResource['open'][number] & { key: string }

export type ReportedPosture = Pick<PostureResource, 'cluster' | 'readAt' | 'unknown' | 'leftOutCount'> & {
  findings: readonly ReportedFinding[]
}

const bindingText = ({ binding: { kind, namespace, name } }: ReportedFinding) =>
  visible(`${kind} ${namespace ? `${namespace}/` : ''}${name}`)

const subjectsText = ({ subjects, moreSubjects }: ReportedFinding) =>
  `${subjects.join(', ')}${moreSubjects > 0 ? ` and ${moreSubjects} more` : ''}`

/** Subject → binding → role → rule, as on the page. */
const chainText = (finding: ReportedFinding) =>
  visible(
    [
      ...(finding.binding.kind === 'Namespace' ? [] : [subjectsText(finding) || 'no subject']),
      bindingText(finding),
      ...(finding.role.name === '' ? [] : [`${finding.role.kind} ${finding.role.name}`]),
      finding.because.join(', '),
    ].join(' → '),
  )

/** Why the finding is set aside; null if it is not. */
function setAside({ acceptance, suppressed }: ReportedFinding): string | null {
  if (acceptance)
    return visible(
      `${acceptance.reason} (accepted by ${acceptance.by} until ${acceptance.until}; owner: ${acceptance.owner})`,
    )
  return suppressed === null ? null : visible(`suppressed by postern.yaml: ${suppressed}`)
}

function sarifResult(finding: ReportedFinding, ruleIndex: number) {
  const { check, severity, sentence, key, id, fix, since } = finding
  const why = setAside(finding)
  return {
    ruleId: visible(check),
    ruleIndex,
    level: sarifLevels[severity],
    message: { text: `${visible(sentence)} ${chainText(finding)}` },
    locations: [{ logicalLocations: [{ fullyQualifiedName: bindingText(finding), kind: 'resource' }] }],
    partialFingerprints: { 'postern/posture/v1': visible(key) },
    suppressions: why === null ? [] : [{ kind: 'external', status: 'accepted', justification: why }],
    properties: { id, since, fix: fix.map(visible) },
  }
}

/** What a reader must know of findings that are missing. */
function gaps({ unknown, readAt, leftOutCount }: ReportedPosture): string[] {
  return [
    ...(readAt === null ? ['The roles and bindings have not been read yet.'] : []),
    ...(unknown === null ? [] : [visible(unknown)]),
    ...(leftOutCount > 0 ? [`${leftOutCount} more findings are not stored.`] : []),
  ]
}

/** SARIF 2.1.0: one run. Its results have no file, because a binding is an object of the cluster. */
export function sarifOf(posture: ReportedPosture): string {
  const { cluster, findings, readAt } = posture
  const checks = new Map<string, ReportedFinding>()
  for (const finding of findings) if (!checks.has(finding.check)) checks.set(finding.check, finding)
  const indexes = new Map([...checks.keys()].map((check, index) => [check, index]))
  const notifications = gaps(posture).map((text) => ({ level: 'error', message: { text } }))
  return `${JSON.stringify({
    ...sarifVersion,
    runs: [
      {
        tool: {
          driver: {
            name: 'Postern',
            rules: [...checks.values()].map(({ check, severity, sentence }) =>
              sarifRule(visible(check), severity, visible(sentence)),
            ),
          },
        },
        automationDetails: { id: `posture/${cluster}/` },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: notifications.length === 0,
            ...(readAt === null ? {} : { endTimeUtc: readAt }),
            toolExecutionNotifications: notifications,
          },
        ],
        results: findings.map((finding) => sarifResult(finding, indexes.get(finding.check) ?? -1)),
      },
    ],
  })}\n`
}

/** The results of one object. etcd stores at most 1.5 MiB of it. */
const mostResults = 500
const rbac = 'rbac.authorization.k8s.io/v1'
const source = 'Postern'

function policyResult(finding: ReportedFinding) {
  const { check, severity, sentence, binding, role, because, id, fix, since } = finding
  const { kind, namespace, name } = binding
  const why = setAside(finding)
  return {
    ...{ source, category: 'Standing access', policy: visible(check), severity, scored: why === null },
    result: why === null ? 'fail' : 'skip',
    message: visible(sentence),
    timestamp: { seconds: Math.floor(Date.parse(since) / 1000), nanos: 0 },
    resources: [
      {
        apiVersion: kind === 'Namespace' ? 'v1' : rbac,
        kind,
        ...(namespace ? { namespace: visible(namespace) } : {}),
        name: visible(name),
      },
    ],
    properties: {
      ...{ id, subjects: visible(subjectsText(finding)), role: visible(`${role.kind} ${role.name}`.trim()) },
      ...{ permissions: visible(because.join(', ')), fix: visible(fix.join('; ')) },
      ...(why === null ? {} : { setAside: why }),
    },
  }
}

function policyReport(namespace: string, findings: readonly ReportedFinding[], number: number) {
  const results = findings.map(policyResult)
  const count = (result: string) => results.filter((one) => one.result === result).length
  return {
    apiVersion: 'wgpolicyk8s.io/v1alpha2',
    kind: namespace === '' ? 'ClusterPolicyReport' : 'PolicyReport',
    metadata: {
      name: number === 1 ? 'postern-posture' : `postern-posture-${number}`,
      ...(namespace === '' ? {} : { namespace: visible(namespace) }),
    },
    summary: { pass: 0, fail: count('fail'), warn: 0, error: 0, skip: count('skip') },
    results,
  }
}

/** YAML of a PolicyReport for each namespace and of a ClusterPolicyReport, which is there even without a finding. */
export function policyReportsOf(posture: ReportedPosture): string {
  const byNamespace = new Map<string, ReportedFinding[]>([['', []]])
  for (const finding of posture.findings) {
    const { namespace } = finding.binding
    const known = byNamespace.get(namespace)
    if (known) known.push(finding)
    else byNamespace.set(namespace, [finding])
  }
  const objects = [...byNamespace].flatMap(([namespace, findings]) =>
    Array.from({ length: Math.max(1, Math.ceil(findings.length / mostResults)) }, (_, index) =>
      policyReport(namespace, findings.slice(index * mostResults, (index + 1) * mostResults), index + 1),
    ),
  )
  const comments = [`Standing access of ${posture.cluster}, read ${posture.readAt ?? 'never'}.`, ...gaps(posture)]
  const head = comments.map((comment) => `# ${comment}\n`).join('')
  return `${head}${objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')}`
}
