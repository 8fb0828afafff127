// The vocabulary of the risk catalogue: what an entry says, and which permissions it is about.
import type { Rule } from '#lib/core/access/rule'
import { isMoreSevere, type Severity } from '#lib/core/access/severity'

/** The more severe of the two. */
export const moreSevere = (a: Severity, b: Severity): Severity => (isMoreSevere(b, a) ? b : a)

/** Any verb, group or resource that a rule names. To find a rule's `*`, an entry lists the literal `*`. */
export const any = 'any'

/** Any verb but get, list and watch. */
export const anyChange = 'any-change'

/**
 * One ability: any of the verbs with any of the resources (`pods`, `pods/exec`) in any of the groups. `userextras/` means
 * every subresource of userextras.
 */
export type Ability = {
  verbs: readonly string[] | typeof any | typeof anyChange
  groups: readonly string[] | typeof any
  resources: readonly string[] | typeof any
  /** `never`: only by a rule without object names. `only`: only by a rule with them. */
  named?: 'never' | 'only'
  /** Not by a rule that names some of these objects and no others. */
  harmlessNames?: readonly string[]
  /** Another ability with the same effect. */
  or?: Ability
}

/**
 * One way in which permissions are dangerous. `id` is stable, because stored verdicts and guardrails name it. `sentence`
 * tells the approver what the grant's holder could do, and starts with "Can".
 */
export type RiskEntry = {
  id: string
  severity: Severity
  sentence: string
  /** What remains after the grant has ended; null where nothing does. */
  outlives: string | null
  /** A description of the risk: a URL, a KEP or a file of kubernetes/kubernetes. */
  source: string
  /** `cluster`: only a ClusterRoleBinding can grant it. */
  scope: 'namespace' | 'cluster'
  /** All of them together. Most entries have one. */
  abilities: readonly [Ability, ...Ability[]]
  /** Entries that this one includes: their sentences add nothing where this one is found. `any`: every entry. */
  includes?: readonly string[] | typeof any
  /**
   * Outside of the namespaces of Kubernetes itself, the holder gains no further permissions and keeps none after the access has
   * ended, although what they read or change can remain. Absent where that is not certain.
   */
  isContained?: true
  /** The holder can act as the ServiceAccounts of the namespace. */
  takesOver?: true
  /** The severity in a namespace that the cluster itself depends on, such as kube-system. */
  inPrivileged?: Severity
  /** The smallest rules with this risk. */
  example: readonly Rule[]
}

export type RiskFamily = { title: string; entries: readonly RiskEntry[] }

export const write = ['create', 'update', 'patch']
export const writeOrDelete = [...write, 'delete', 'deletecollection']

/**
 * The verbs whose answers contain the objects. NB: an empty patch changes nothing and returns the object; with `dryRun=All`,
 * `delete` with `propagationPolicy=Foreground` returns it too, and `deletecollection` the whole list.
 */
export const readByName = ['get', 'list', 'watch', 'patch', 'delete']
export const readAll = [...readByName, 'deletecollection']

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
