import type { EntitlementResource } from '#lib/core/access/resources'

/** What the box and the list of the ask page offer: the words that are searched are the words that are shown. */
export const choicesOf = (entitlements: EntitlementResource[]) =>
  entitlements.map((one) => ({
    name: one.name,
    title: one.title,
    detail: `${one.clusters.map((cluster) => cluster.name).join(', ')} · ${one.namespaces.join(', ') || 'by label'}`,
  }))
