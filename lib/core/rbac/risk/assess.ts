// Finds what an approver should know about rules: what their holder could do, and how severe that is.
import type { Rule } from '#lib/core/access/rule'
import { type Severity, severities } from '#lib/core/access/severity'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { catalogue } from './catalogue.ts'
import { moreSevere, type RiskEntry } from './entry.ts'
import { type ExtensionRisk, everyExtension } from './extension-kinds.ts'
import { extensionMatchesOf } from './extension-matches.ts'
import { type Match, matchesOf, type Serves } from './matches.ts'
import { pathEntries, pathMatchesOf } from './paths.ts'
import { servedIn, unknownResources } from './unknown-resources.ts'

export type Finding = {
  id: string
  severity: Severity
  /** Tells the approver what the holder could do. */
  sentence: string
  /** What remains after the grant has ended; null where nothing does. */
  outlives: string | null
  /** The rules with the risk, for resources or for paths. */
  rules: Rule[]
  paths: PathRule[]
  /** How they have it, such as `create pods/exec`, and the permissions of ServiceAccounts that come with it. */
  because: string[]
  /** Other findings that include this one, so that a page may fold it into them. */
  partOf: string[]
}

export type Assessment = { severity: Severity; findings: Finding[] }

/** A ServiceAccount in a requested namespace, and everything it may do, wherever that is bound. */
export type ServiceAccountRights = { namespace: string; name: string; rules: readonly Rule[] }

/** What is known in addition to the rules. Unknown facts are judged as the worst case, except for ServiceAccounts. */
export type RiskContext = {
  /** `namespace`: bound by RoleBindings only, so no permissions over cluster-wide objects. Default `cluster`. */
  scope?: 'namespace' | 'cluster'
  /** `privileged`: the cluster itself depends on it, such as kube-system or an operator's namespace. */
  namespaceKind?: 'ordinary' | 'privileged'
  serviceAccounts?: readonly ServiceAccountRights[]
  /** What the requester may already do there. */
  holds?: readonly Rule[]
  /** Rules for paths. They count only where the scope is the cluster. */
  paths?: readonly PathRule[]
  /** The resources of the cluster, as `pods`, `pods/log`, `deployments.apps`, `deployments.apps/scale`. */
  knownResources?: ReadonlySet<string>
  /** The risks that postern.yaml adds to the catalogue. */
  configuredRisks?: readonly ExtensionRisk[]
}

const entries = [...catalogue, everyExtension]

const maxNamed = 5

/** At most five lines, then the number of the others. */
const someOf = (lines: readonly string[]): string[] =>
  lines.length <= maxNamed ? [...lines] : [...lines.slice(0, maxNamed), `and ${lines.length - maxNamed} more`]

const shorten = (text: string) => (text.length <= 160 ? text : `${text.slice(0, 159)}…`)

/** A rule about ServiceAccounts may name some of them; running code reaches every one in the namespace. */
function reaches(matches: readonly Match[], name: string): boolean {
  return matches.some(
    ({ rule, how }) =>
      !how.includes('serviceaccounts') || !rule.resourceNames?.length || rule.resourceNames.includes(name),
  )
}

/** A ServiceAccount that may do more than the rules and the requester, and the severity of its permissions. */
type Stronger = { account: ServiceAccountRights; severity: Severity; more: string }

/** Does not follow the accounts that these could take over in turn: that is already a finding of their rules. */
function strongerAccounts(rules: readonly Rule[], context: RiskContext): Stronger[] {
  const held = [...rules, ...(context.holds ?? [])]
  const { serviceAccounts = [], configuredRisks = [] } = context
  return serviceAccounts.flatMap((account) => {
    const { covered, uncovered } = covers(held, account.rules)
    if (covered) return []
    const { severity } = assessRisk(account.rules, { configuredRisks })
    return [{ account, severity, more: rulesInWords(uncovered) }]
  })
}

const reasonOf = ({ account, more }: Stronger) =>
  shorten(`service account ${account.namespace}/${account.name} may also ${more}`)

/** What the entries of the catalogue and the risks of extensions have in common. */
type Described = Pick<RiskEntry, 'id' | 'severity' | 'sentence' | 'outlives' | 'takesOver' | 'inPrivileged'>

function findingFrom(
  { id, severity, sentence, outlives, takesOver, inPrivileged }: Described,
  matches: readonly Match[],
  context: RiskContext,
  accounts: () => readonly Stronger[],
): Finding {
  const takenOver = takesOver ? accounts().filter(({ account }) => reaches(matches, account.name)) : []
  const here = context.namespaceKind === 'privileged' && inPrivileged
  return {
    id,
    severity: [here || 'low', ...takenOver.map(({ severity }) => severity)].reduce(moreSevere, severity),
    sentence,
    outlives,
    rules: [...new Set(matches.map((match) => match.rule))],
    paths: [],
    because: [...someOf([...new Set(matches.map((match) => match.how))]), ...someOf(takenOver.map(reasonOf))],
    partOf: [],
  }
}

function findingOf(
  entry: RiskEntry,
  rules: readonly Rule[],
  { context, serves, accounts }: { context: RiskContext; serves: Serves | null; accounts: () => readonly Stronger[] },
): Finding | undefined {
  if (entry.scope === 'cluster' && context.scope === 'namespace') return undefined
  const byAbility = entry.abilities.map((ability) => matchesOf(ability, rules, serves ?? undefined))
  if (byAbility.some((matches) => matches.length === 0)) return undefined
  return findingFrom(entry, byAbility.flat(), context, accounts)
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
      sentence: 'Names resources that this cluster does not have, so they currently allow nothing.',
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
 * Everything that the catalogue finds in these rules, the most severe first, with the highest severity; `low` where
 * nothing was found. More rules never lower the severity. The catalogue is not complete: no findings does not mean no risk.
 */
export function assessRisk(rules: readonly Rule[], context: RiskContext = {}): Assessment {
  // The same for every entry, and the most expensive part: computed once, and only where an entry needs it.
  let known: Stronger[] | undefined
  const accounts = () => {
    known ??= strongerAccounts(rules, context)
    return known
  }
  const { scope, knownResources, configuredRisks: own = [] } = context
  const serves = knownResources ? servedIn(knownResources) : null
  const ofExtensions = extensionMatchesOf(rules, { own, known: knownResources, hasCluster: scope !== 'namespace' })
  const findings = [
    ...entries.flatMap((entry) => findingOf(entry, rules, { context, serves, accounts }) ?? []),
    ...ofExtensions.map(({ kind, severity, matches }) =>
      findingFrom({ ...kind, severity }, matches, context, accounts),
    ),
    ...pathFindings(context),
  ]
  const found = new Set(findings.map(({ id }) => id))
  const larger = [...entries, ...pathEntries].filter((entry) => entry.includes && found.has(entry.id))
  const complete = [
    ...findings.map((finding) => ({
      ...finding,
      partOf: larger.filter((entry) => includes(entry, finding.id)).map((entry) => entry.id),
    })),
    ...unknownFinding(rules, knownResources),
  ]
  const rank = ({ severity }: Finding) => -severities.indexOf(severity)
  return {
    severity: findings.map(({ severity }) => severity).reduce(moreSevere, 'low'),
    findings: complete.sort((a, b) => rank(a) - rank(b)),
  }
}
