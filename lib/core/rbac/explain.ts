// May somebody do this one thing in a cluster, and by which binding and role?
import { allows } from './allows.ts'
import { allowsPath } from './allows-path.ts'
import type { Attributes } from './attributes.ts'
import { type ClusterObjects, type PolicyRule, resourceRules } from './cluster-objects.ts'
import { type Chain, effectiveRules } from './effective-rules.ts'
import type { ClusterIdentity } from './identity.ts'

/** A question to the authorizer: about an object, or about a path that is none, such as /metrics. */
export type AccessQuestion = { attributes: Attributes } | { path: string; verb: string }

/** One way in which somebody is allowed to. */
export type Way = { chain: Chain; rule: PolicyRule }

export type Explanation = {
  /** Empty: not allowed. */
  ways: Way[]
  /** Bindings of theirs that count here and name a role that is not there. */
  dangling: Chain[]
}

/**
 * Every way in which RBAC allows this, each binding and rule once. Other authorizers of the cluster are not asked: they
 * may allow more, never less. Paths and questions about the whole cluster (namespace `''`) are answered by
 * ClusterRoleBindings alone.
 */
export function explain(objects: ClusterObjects, identity: ClusterIdentity, question: AccessQuestion): Explanation {
  const namespace = 'attributes' in question ? question.attributes.namespace : ''
  const { rules, dangling } = effectiveRules(objects, identity, namespace)
  const answers = (rule: PolicyRule) =>
    'attributes' in question
      ? allows(resourceRules([rule]), question.attributes)
      : allowsPath([rule], question.verb, question.path)
  return { ways: rules.filter(({ rule }) => answers(rule)), dangling }
}
