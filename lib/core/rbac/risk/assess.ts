// What could somebody do with these rules that an approver should know, and how grave is it?
import type { Rule } from '#lib/core/access/rule'
import { type Severity, severities } from '#lib/core/access/severity'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { catalogue } from './catalogue.ts'
import { moreSevere, type RiskEntry } from './entry.ts'
import { type Match, matchesOf } from './matches.ts'
import { pathEntries, pathMatchesOf } from './paths.ts'
import { unknownResources } from './unknown-resources.ts'

export type Finding = {
  id: string
  severity: Severity
  /** For the approver: what somebody could do. */
  sentence: string
  /** What keeps working after the grant has ended; null where nothing does. */
  outlives: string | null
  /** The rules that give it, over resources or over paths. */
  rules: Rule[]
  paths: PathRule[]
  /** How they give it, such as `create pods/exec`, and which ServiceAccounts' rights come with it. */
  because: string[]
  /** Findings beside this one that say it already: a page may fold this one into them. */
  partOf: string[]
}

export type Assessment = { severity: Severity; findings: Finding[] }

/** A ServiceAccount of a namespace that is asked for, and what it may do, wherever that was bound. */
export type ServiceAccountRights = { namespace: string; name: string; rules: readonly Rule[] }

/** What is known besides the rules. What is not known is judged as if it were the worst, but for ServiceAccounts. */
export type RiskContext = {
  /** `namespace`: bound by RoleBindings only, so rights over objects of the cluster are not given. Default `cluster`. */
  scope?: 'namespace' | 'cluster'
  /** `privileged`: the cluster itself depends on it, such as kube-system or an operator's namespace. */
  namespaceKind?: 'ordinary' | 'privileged'
  serviceAccounts?: readonly ServiceAccountRights[]
  /** What the requester may do there already. */
  holds?: readonly Rule[]
  /** Rules over paths, which count where the scope is the cluster. */
  paths?: readonly PathRule[]
  /** What the cluster serves, as `pods`, `pods/log`, `deployments.apps`, `deployments.apps/scale`. */
  knownResources?: ReadonlySet<string>
}

const maxNamed = 5

/** At most five, then how many more there are. */
const someOf = (lines: readonly string[]): string[] =>
  lines.length <= maxNamed ? [...lines] : [...lines.slice(0, maxNamed), `and ${lines.length - maxNamed} more`]

const shorten = (text: string) => (text.length <= 160 ? text : `${text.slice(0, 159)}…`)

/** Verbs on the ServiceAccount itself may be narrowed to names; running code reaches every one of the namespace. */
function reaches(matches: readonly Match[], name: string): boolean {
  return matches.some(
    ({ rule, how }) =>
      !how.includes('serviceaccounts') || !rule.resourceNames?.length || rule.resourceNames.includes(name),
  )
}

/** A ServiceAccount that may do more than is asked for and held, and how grave what it may do is. */
type Stronger = { account: ServiceAccountRights; severity: Severity; more: string }

/** Its own accounts are not followed: what lets it take over others is a finding of its rules already. */
function strongerAccounts(rules: readonly Rule[], context: RiskContext): Stronger[] {
  const held = [...rules, ...(context.holds ?? [])]
  return (context.serviceAccounts ?? []).flatMap((account) => {
    const { covered, uncovered } = covers(held, account.rules)
    if (covered) return []
    return [{ account, severity: assessRisk(account.rules).severity, more: rulesInWords(uncovered) }]
  })
}

const saidOf = ({ account, more }: Stronger) =>
  shorten(`service account ${account.namespace}/${account.name} may also ${more}`)

function findingOf(
  entry: RiskEntry,
  rules: readonly Rule[],
  context: RiskContext,
  accounts: () => readonly Stronger[],
): Finding | undefined {
  if (entry.scope === 'cluster' && context.scope === 'namespace') return undefined
  const byAbility = entry.abilities.map((ability) => matchesOf(ability, rules))
  if (byAbility.some((matches) => matches.length === 0)) return undefined
  const matches = byAbility.flat()
  const takenOver = entry.takesOver ? accounts().filter(({ account }) => reaches(matches, account.name)) : []
  const inPrivileged = context.namespaceKind === 'privileged' && entry.inPrivileged
  return {
    id: entry.id,
    severity: [inPrivileged || 'low', ...takenOver.map(({ severity }) => severity)].reduce(moreSevere, entry.severity),
    sentence: entry.sentence,
    outlives: entry.outlives,
    rules: [...new Set(matches.map((match) => match.rule))],
    paths: [],
    because: [...someOf([...new Set(matches.map((match) => match.how))]), ...someOf(takenOver.map(saidOf))],
    partOf: [],
  }
}

function pathFindings({ scope, paths = [] }: RiskContext): Finding[] {
  if (scope === 'namespace') return []
  return pathEntries.flatMap((entry) => {
    const { id, severity, sentence, outlives } = entry
    const matches = pathMatchesOf(entry, paths)
    if (matches.length === 0) return []
    const because = someOf([...new Set(matches.map(({ how }) => how))])
    const given = [...new Set(matches.map(({ rule }) => rule))]
    return [{ id, severity, sentence, outlives, rules: [], paths: given, because, partOf: [] }]
  })
}

function unknownFinding(rules: readonly Rule[], known: ReadonlySet<string> | undefined): Finding[] {
  const unknown = known ? unknownResources(rules, known) : []
  if (unknown.length === 0) return []
  return [
    {
      id: 'unknown-resources',
      severity: 'low',
      sentence: 'Names resources that this cluster does not serve: for now they give nothing.',
      outlives: null,
      rules: [...new Set(unknown.map(({ rule }) => rule))],
      paths: [],
      because: someOf(unknown.map(({ sentence }) => sentence)),
      partOf: [],
    },
  ]
}

const includes = (entry: Pick<RiskEntry, 'id' | 'includes'>, id: string) =>
  entry.id !== id && (entry.includes === 'any' || (entry.includes ?? []).includes(id))

/**
 * Everything the catalogue finds in these rules together, gravest first, and the gravest severity; `low` where nothing
 * was found. More rules never make it less grave. What is not in the catalogue is not seen: a finding is a reason to
 * think, none is no proof.
 */
export function assessRisk(rules: readonly Rule[], context: RiskContext = {}): Assessment {
  // The same for every entry, and the dearest part: looked up once, and only where it is needed.
  let known: Stronger[] | undefined
  const accounts = () => {
    known ??= strongerAccounts(rules, context)
    return known
  }
  const findings = [
    ...catalogue.flatMap((entry) => findingOf(entry, rules, context, accounts) ?? []),
    ...pathFindings(context),
  ]
  const found = new Set(findings.map(({ id }) => id))
  const larger = [...catalogue, ...pathEntries].filter((entry) => entry.includes && found.has(entry.id))
  const complete = [
    ...findings.map((finding) => ({
      ...finding,
      partOf: larger.filter((entry) => includes(entry, finding.id)).map((entry) => entry.id),
    })),
    ...unknownFinding(rules, context.knownResources),
  ]
  const rank = ({ severity }: Finding) => -severities.indexOf(severity)
  return {
    severity: findings.map(({ severity }) => severity).reduce(moreSevere, 'low'),
    findings: complete.sort((a, b) => rank(a) - rank(b)),
  }
}
