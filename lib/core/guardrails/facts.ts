import type { Entitlement } from '#lib/core/access/entitlement'
import type { Violation } from '#lib/core/access/resources'
import type { Rule } from '#lib/core/access/rule'
import type { CurrentAccess } from '#lib/core/rbac/current-access'

/** Everything a judgement looks at, gathered before: the same facts give the same verdict, whenever it is asked for. */
export type JudgementFacts = {
  submission: {
    entitlement: string
    cluster: string
    namespaces: readonly string[]
    /** What was chosen; absent or null where the entitlement says it all. */
    rules?: readonly Rule[] | null
    reason: string
    ticket?: string | null
    durationSeconds: number
    /** Absent or null: as soon as it is approved. */
    startsAt?: Date | null
  }
  entitlement: Entitlement
  requester: {
    subject: string
    /** Null where they are not known (any more): whatever asks for them, or for the e-mail, is not passed. */
    groups: readonly string[] | null
    /** Null where the provider has not verified it: guardrails see no other. */
    email: string | null
  }
  cluster: {
    name: string
    /** Is there such a cluster in the configuration? */
    known: boolean
    /** From the configuration. */
    labels: Readonly<Record<string, string>>
    /** Its namespaces as last seen; null where they were never seen: then only names can be judged. */
    namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[] | null
    /** The rules of the ClusterRoles that entitlements name, as last seen. */
    clusterRoles: Readonly<Record<string, Rule[]>>
  }
  /** What is dangerous about the rules, where it was found before; absent: it is found in the rules. */
  risks?: readonly { id: string; severity: string }[]
  policyHash: string
  now: Date
  /** What the live cluster says about the requester and what would be granted; absent where nobody looked. */
  currentAccess?: CurrentAccess | undefined
  /**
   * When this is judged; `asking` unless said. Later, a start that was asked for may lie in the past, and rules may be
   * fewer than the fixed ones because an approver narrowed them.
   */
  stage?: 'asking' | 'deciding' | 'granting'
}

/**
 * One guardrail: named for the bad state it finds, answering every place where it finds it. It may throw: that counts
 * as violated.
 */
export type Guardrail = { code: string; find: (facts: JudgementFacts) => Violation[] }
