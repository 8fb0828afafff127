// Who are the owners of the requested namespaces, and who is the requester's manager? A step that asks for them names only
// that it does: at submission they are replaced by groups and people, and the signed steps of the request keep those.
import { z } from 'zod'
import {
  type ApprovalStep,
  approversShape,
  type Entitlement,
  entitlementSchema,
  type FollowUps,
  groupsOfApprovers,
  isAnyApprover,
  namespaceGlob,
  personName,
} from './entitlement.ts'
import { ownNames } from './named-people.ts'
import { personGroup, personIn } from './on-call.ts'
import { labelledOwners, type NamespaceLabels, type OwnerLabel, ownerLabelsIn } from './owner-labels.ts'
import { globCovers } from './system-namespaces.ts'

const name = entitlementSchema.shape.name

export const ownersSchema = z
  .strictObject({
    namespaces: z.array(namespaceGlob).min(1),
    clusters: z.array(name).min(1).optional().meta({ description: 'Only there; in every cluster if absent.' }),
    ...approversShape,
  })
  .refine(isAnyApprover, 'name at least one group, person or rota')
  .transform((rule) => ({
    ...{ namespaces: rule.namespaces, groups: groupsOfApprovers(rule) },
    ...(rule.clusters ? { clusters: rule.clusters } : {}),
  }))
export type Owners = z.output<typeof ownersSchema>

export const managerSchema = z.strictObject({
  person: personName,
  manager: personName,
})

/** The part of the configuration that knows owners and managers. */
export type Routing = {
  owners?: readonly Owners[]
  managers?: ReadonlyArray<z.output<typeof managerSchema>>
  ownerLabels?: readonly OwnerLabel[]
  identity?: { managerClaim?: string | undefined }
}

type ConfiguredStep = FollowUps &
  ((Pick<ApprovalStep, 'owners' | 'manager'> & { groups: readonly string[] }) | { groupsExpression: string })

/** A guardrail, as far as it requires approvals. */
export type RequiringGuardrail = { require?: { approvals?: readonly ConfiguredStep[] | undefined } | undefined }

/** The groups that a step names, those of its escalations included, without the ones that an expression computes. */
export const writtenGroups = (step: ConfiguredStep): string[] => [
  ...('groups' in step ? step.groups : []),
  ...(step.escalate ?? []).flatMap((level) => level.groups),
]

/** The steps that guardrails can require, as they are written. */
export const requiredStepsOf = ({ guardrails = [] }: { guardrails?: readonly RequiringGuardrail[] }) =>
  guardrails.flatMap((guardrail) => guardrail.require?.approvals ?? [])

export type RoutedFacts = {
  cluster: string
  namespaces: readonly string[]
  /** `manager`: the mailbox of whom the identity provider names. */
  requester: { subject: string; email: string | null; emailVerified: boolean; manager?: string | null }
  /** Of each namespace whose labels are known. */
  labels?: ReadonlyMap<string, NamespaceLabels>
}

type FoundOwners = { groups: string[]; used?: Record<string, string>; why?: string }

/**
 * Every rule that covers the namespace counts, so that a rule for `*` does not hide the one for a team. A label counts only where no
 * rule does, so that it adds no one to those whom the configuration names.
 */
function ownersOf(
  { owners = [], ownerLabels }: Routing,
  { cluster, labels }: Pick<RoutedFacts, 'cluster' | 'labels'>,
  namespace: string,
): FoundOwners {
  const covering = owners
    .filter(({ clusters }) => clusters?.includes(cluster) ?? true)
    .filter(({ namespaces }) => namespaces.some((glob) => globCovers(glob, namespace)))
  const known = labels?.get(namespace)
  const configured = ownerLabelsIn(ownerLabels, cluster)
  if (covering.length > 0 || !known || configured.length === 0)
    return { groups: covering.flatMap(({ groups }) => groups) }
  return 'why' in known ? { groups: [], why: known.why } : labelledOwners(configured, known.labels)
}

/** Whom the configuration names comes before whom the identity provider does. */
function managerOf({ managers = [], identity }: Routing, requester: RoutedFacts['requester']): string[] {
  const own = ownNames(requester)
  const named = managers.filter(({ person }) => own.includes(personGroup(person)))
  if (named.length > 0) return named.map(({ manager }) => personGroup(manager))
  return identity?.managerClaim && requester.manager ? [personGroup(requester.manager)] : []
}

type OwnedSet = {
  owners: string[]
  why: string | undefined
  namespaces: string[]
  ownerLabels: ReadonlyArray<readonly [string, Record<string, string>]>
}

const unique = (texts: readonly string[]) => [...new Set(texts)]

/**
 * A step with the owners and the manager in it. Owners of one namespace don't answer for another one: a step that asks for
 * owners becomes one step for each set of namespaces with the same owners.
 */
function routeStep(
  step: ApprovalStep,
  { cluster, namespaces, requester, labels }: RoutedFacts,
  routing: Routing,
): ApprovalStep[] {
  if (!step.owners && !step.manager) return [step]
  const { groups: named, ...rest } = step
  // The requester can't decide, so being an owner or their own manager does not count.
  const ownGroups = ownNames(requester)
  const others = (groups: readonly string[]) => unique(groups).filter((group) => !ownGroups.includes(group))
  const manager = step.manager ? others(managerOf(routing, requester)) : []
  const noManager = step.manager && manager.length === 0 ? ['the requester’s manager'] : []
  const bySet = new Map<string, OwnedSet>()
  for (const namespace of step.owners ? namespaces : []) {
    const { groups, used = {}, why } = ownersOf(routing, { cluster, ...(labels ? { labels } : {}) }, namespace)
    const owners = others(groups).sort()
    const key = JSON.stringify([owners, why])
    const known = bySet.get(key) ?? { owners, why, namespaces: [], ownerLabels: [] }
    bySet.set(key, {
      ...{ ...known, namespaces: [...known.namespaces, namespace] },
      ownerLabels: [...known.ownerLabels, ...(Object.keys(used).length > 0 ? [[namespace, used] as const] : [])],
    })
  }
  const sets = bySet.size > 0 ? [...bySet.values()] : [{ owners: [], why: undefined, namespaces: [], ownerLabels: [] }]
  const { ownerLabels: _before, ...own } = rest
  return sets.map((set) => {
    const because = set.why ? ` (${set.why})` : ''
    const noOwners =
      step.owners && set.owners.length === 0 ? [`an owner of ${set.namespaces.join(', ')}${because}`] : []
    const unknown = [...noOwners, ...noManager]
    return {
      ...{ ...own, named, groups: unique([...named, ...set.owners, ...manager]) },
      ...(step.owners ? { namespaces: set.namespaces } : {}),
      ...(set.ownerLabels.length > 0 ? { ownerLabels: Object.fromEntries(set.ownerLabels) } : {}),
      ...(unknown.length > 0 ? { unknown } : {}),
    }
  })
}

/** The steps of a policy for this request. A step without any group can't be approved by anyone. */
export const routeSteps = (steps: readonly ApprovalStep[], facts: RoutedFacts, routing: Routing): ApprovalStep[] =>
  steps.flatMap((step) => routeStep(step, facts, routing))

/** Does the step still ask for owners or a manager, without saying who they are? */
export const isUnrouted = ({ named, owners, manager }: ApprovalStep): boolean =>
  named === undefined && (owners === true || manager === true)

/**
 * Who owners and managers are, for one request. `incomplete`: what they depend on is not known to the full, as for a past request.
 * A step then stays as it is written, unless Postern knows whom it names.
 */
export type RequestRouting = { facts: RoutedFacts; routing: Routing; incomplete?: boolean }

/** @param namespaces those whose owners are asked; absent: all */
export function routedSteps(
  steps: readonly ApprovalStep[],
  known: RequestRouting | undefined,
  namespaces?: readonly string[],
): ApprovalStep[] {
  if (!known) return [...steps]
  const { facts, routing, incomplete } = known
  return steps.flatMap((step) => {
    const routed = routeSteps([step], { ...facts, ...(namespaces ? { namespaces } : {}) }, routing)
    return incomplete && routed.some(({ unknown }) => unknown) ? [step] : routed
  })
}

/** The key of a step as the configuration wrote it, with any owners and any manager. */
export const writtenKey = ({
  groups,
  named,
  owners,
  manager,
}: Pick<ApprovalStep, 'named' | 'owners' | 'manager'> & { groups: readonly string[] }): string =>
  JSON.stringify([[...new Set(named ?? groups)].sort(), owners ?? false, manager ?? false])

type Named = Routing & {
  entitlements: ReadonlyArray<Pick<Entitlement, 'approvals'>>
  /** Steps whose groups an expression computes name no people. */
  guardrails: readonly RequiringGuardrail[]
}
const namedIn = new WeakMap<object, ReadonlySet<string>>()

/**
 * Which groups of people a configuration names as approvers, also in guardrails, as owners or as managers. With a claim for managers,
 * anyone with an address can be named.
 */
export function namedPeople(configuration: Named): Pick<ReadonlySet<string>, 'has'> {
  const named = peopleIn(configuration)
  if (!configuration.identity?.managerClaim) return named
  return { has: (group) => personIn(group)?.includes('@') === true || named.has(group) }
}

function peopleIn(configuration: Named): ReadonlySet<string> {
  const known = namedIn.get(configuration)
  if (known) return known
  const { entitlements, guardrails, owners = [], managers = [], ownerLabels = [] } = configuration
  const groups = [
    ...[...entitlements.flatMap(({ approvals }) => approvals), ...requiredStepsOf({ guardrails })].flatMap(
      writtenGroups,
    ),
    ...owners.flatMap((rule) => rule.groups),
    ...ownerLabels.flatMap(({ values }) => Object.values(values).flat()),
    ...managers.map(({ manager }) => personGroup(manager)),
  ]
  const named = new Set(groups.filter((group) => personIn(group) !== undefined))
  namedIn.set(configuration, named)
  return named
}
