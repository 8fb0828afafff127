import type { EntitlementResource } from '#lib/core/access/entitlement-resource'

/** For tests: an entitlement as the API returns it, without approvals and without rules unless the changes have some. */
export const anEntitlement = (name: string, changes: Partial<EntitlementResource> = {}): EntitlementResource => ({
  name,
  title: name,
  description: null,
  clusters: [{ name: 'prod-eu', reachable: true, namespaces: ['payments', 'search'] }],
  namespaces: ['payments', 'search'],
  namespaceSelector: null,
  kind: 'rules',
  rules: [],
  clusterRole: null,
  defaultDuration: 'PT30M',
  maxDuration: 'PT2H',
  reasonMinLength: 1,
  ticket: { required: false, pattern: null, example: null },
  approvals: [],
  ...changes,
})
