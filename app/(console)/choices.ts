import type { EntitlementResource } from '#lib/core/access/entitlement-resource'

/** The entitlements that the paste box suggests. It searches exactly the text it shows. */
export const choicesOf = (entitlements: EntitlementResource[]) =>
  entitlements.map((one) => ({
    name: one.name,
    title: one.title,
    detail: `${one.clusters.map((cluster) => cluster.name).join(', ')} · ${one.namespaces.join(', ') || 'by label'}`,
  }))
