import { contentHash } from './content-hash.ts'
import { normalizeRules, type Rule } from './rule.ts'

/** What a decision binds: exactly who may do what, where, for how long and from when. */
export type Terms = {
  requester: { issuer: string; subject: string }
  cluster: string
  namespaces: string[]
  rules: Rule[]
  /** The vetted ClusterRole that contains `rules`, if the entitlement names one. */
  clusterRole: string | null
  durationSeconds: number
  startsAt: Date | null
  /** The program that submitted it for the requester, by its own word; null if it named none. */
  agent: string | null
}

/** The terms as their digest has them. The order and repetition of namespaces and rules make no difference. */
export const termsContent = (terms: Terms) => ({
  requester: { issuer: terms.requester.issuer, subject: terms.requester.subject },
  cluster: terms.cluster,
  namespaces: [...new Set(terms.namespaces)].sort(),
  rules: normalizeRules(terms.rules),
  clusterRole: terms.clusterRole,
  durationSeconds: terms.durationSeconds,
  startsAt: terms.startsAt?.toISOString() ?? null,
  ...(terms.agent === null ? {} : { agent: terms.agent }),
})

export const digestOf = (terms: Terms): string => contentHash(termsContent(terms))
