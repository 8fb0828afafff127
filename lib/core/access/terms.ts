import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { normalizeRules, type Rule } from './rule.ts'

/** What a decision binds to: exactly who may do what, where, how long, from when. */
export type Terms = {
  requester: { issuer: string; subject: string }
  cluster: string
  namespaces: string[]
  rules: Rule[]
  /** The vetted ClusterRole that carries `rules`, where the entitlement names one. */
  clusterRole: string | null
  durationSeconds: number
  startsAt: Date | null
}

/**
 * `sha256:` and the hex SHA-256 of the terms as RFC 8785 canonical JSON. Order and repetition of namespaces and rules
 * make no difference; anything else does.
 */
export function digestOf(terms: Terms): string {
  const text = canonicalize({
    requester: { issuer: terms.requester.issuer, subject: terms.requester.subject },
    cluster: terms.cluster,
    namespaces: [...new Set(terms.namespaces)].sort(),
    rules: normalizeRules(terms.rules),
    clusterRole: terms.clusterRole,
    durationSeconds: terms.durationSeconds,
    startsAt: terms.startsAt?.toISOString() ?? null,
  })
  return `sha256:${createHash('sha256')
    .update(text ?? '')
    .digest('hex')}`
}
