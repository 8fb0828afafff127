// Explains whether RBAC allows an identity one action, and by which bindings and roles.
import { allows } from './allows.ts'
import { allowsPath } from './allows-path.ts'
import type { Attributes } from './attributes.ts'
import { type ClusterObjects, type PolicyRule, resourceRules } from './cluster-objects.ts'
import { type Chain, effectiveRules } from './effective-rules.ts'
import type { ClusterIdentity } from './identity.ts'

/** A question to the authorizer about an object, or about a path such as /metrics. */
export type AccessQuestion = { attributes: Attributes } | { path: string; verb: string }

/** One binding, role and rule that allow it. */
export type Way = { chain: Chain; rule: PolicyRule }

export type Explanation = {
  /** Empty where it is not allowed. */
  ways: Way[]
  /** Bindings of the identity that apply here but name a role that does not exist. */
  dangling: Chain[]
}

/**
 * Every way in which RBAC allows this, each binding and rule once. Other authorizers of the cluster may allow more, but
 * never less. Only ClusterRoleBindings apply to paths and to cluster-wide questions (namespace `''`).
 */
export function explain(objects: ClusterObjects, identity: ClusterIdentity, question: AccessQuestion): Explanation {
  const namespace = 'attributes' in question ? question.attributes.namespace : ''
  const { rules, dangling } = effectiveRules(objects, identity, namespace)
  const isAllowedBy = (rule: PolicyRule) =>
    'attributes' in question
      ? allows(resourceRules([rule]), question.attributes)
      : allowsPath([rule], question.verb, question.path)
  return { ways: rules.filter(({ rule }) => isAllowedBy(rule)), dangling }
}
