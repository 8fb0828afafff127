// The words of the risk catalogue: what one entry says, and which rights it is about.
import type { Rule } from '#lib/core/access/rule'
import { isMoreSevere, type Severity } from '#lib/core/access/severity'

/** The graver of the two. */
export const moreSevere = (a: Severity, b: Severity): Severity => (isMoreSevere(b, a) ? b : a)

/** Any verb, group or resource: whatever a rule names. A rule's `*` is found by asking for the literal `*` instead. */
export const any = 'any'

/** Any resource itself, not what belongs to it: neither `status` nor `scale` nor other subresources. */
export const anyObject = 'any-object'

/**
 * One thing that somebody may be able to do: any of the verbs with any of the resources (`pods`, `pods/exec`) of any of
 * the groups. `userextras/` stands for every subresource of userextras.
 */
export type Ability = {
  verbs: readonly string[] | typeof any
  groups: readonly string[] | typeof any
  resources: readonly string[] | typeof any | typeof anyObject
  /** `never`: only where the rule is not narrowed to named objects; `only`: only where it is. */
  named?: 'never' | 'only'
  /** Another way to the same end. */
  or?: Ability
}

/**
 * One way in which rights are dangerous. `id` is stable: stored verdicts and guardrails name it. `sentence` is for the
 * approver and says what somebody could do.
 */
export type RiskEntry = {
  id: string
  severity: Severity
  sentence: string
  /** What keeps working after the grant has ended; null where nothing does. */
  outlives: string | null
  /** Where the danger is described: a URL, a KEP or a file of kubernetes/kubernetes. */
  source: string
  /** `cluster`: a Role bound in a namespace cannot give it; only a ClusterRoleBinding does. */
  scope: 'namespace' | 'cluster'
  /** All of them are needed; most entries have one. */
  abilities: readonly [Ability, ...Ability[]]
  /** Entries that are part of this one: where this is found, their sentences add nothing. `any`: every entry. */
  includes?: readonly string[] | typeof any
  /** It lets somebody act with the rights of the namespace's ServiceAccounts. */
  takesOver?: true
  /** How grave it is in a namespace that the cluster itself depends on, such as kube-system. */
  inPrivileged?: Severity
  /** The least rules that show it. */
  example: readonly Rule[]
}

export type RiskFamily = { title: string; entries: readonly RiskEntry[] }

export const write = ['create', 'update', 'patch']
export const writeOrDelete = [...write, 'delete', 'deletecollection']

export const rbacGroup = 'rbac.authorization.k8s.io'

/** A rule without names, for the examples. */
export const rule = (verbs: string[], resources: string[], group = ''): Rule => ({
  apiGroups: [group],
  resources,
  verbs,
})

const docs = 'https://kubernetes.io/docs'
export const goodPractices = `${docs}/concepts/security/rbac-good-practices/`
export const rbacDocs = `${docs}/reference/access-authn-authz/rbac/`
export const kep = (number: number) => `https://kep.k8s.io/${number}`
