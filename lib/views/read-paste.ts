import type { PersonActor } from '#lib/core/access/actor'
import type { PasteInput, PasteReading, Reading } from '#lib/core/access/paste-resource'
import type { Rule } from '#lib/core/access/rule'
import { breakdown, countQuestions } from '#lib/core/rbac/breakdown'
import { matchingEntitlements, requestPath } from '#lib/core/rbac/matching-entitlements'
import { kindsServed, standardKinds } from '#lib/core/rbac/paste/known-resources'
import { readPaste } from '#lib/core/rbac/paste/paste'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { alreadyHeldBy } from './already-held.ts'
import { listEntitlements } from './list-entitlements.ts'
import { servedBy } from './served-resources.ts'

/** More would be a list that no one reads. */
const mostReadings = 200

function readingsOf(rules: readonly Rule[], namespaces: readonly string[], clusterScoped: boolean): Reading[] {
  const places = namespaces.length > 0 ? namespaces : ['']
  if (countQuestions(rules, places) > 10 * mostReadings) return []
  return breakdown(rules, places).map(({ verb, group, resource, subresource, name, namespace }) => ({
    ...{ verb, group, resource, subresource, name, clusterScoped },
    namespace: namespace || null,
  }))
}

const nothing = { rules: [], namespaces: [], readings: [], notes: [], suggestions: [], alreadyHeld: [], summary: '' }

/** What a refusal or a command needs, the caller’s entitlements that grant it, and their own access that has it already. */
export async function readPasteFor(
  actor: PersonActor,
  { text, cluster, namespace }: PasteInput,
): Promise<PasteReading> {
  const entitlements = await listEntitlements(actor)
  const known = [...new Set(entitlements.flatMap(({ clusters }) => clusters.map(({ name }) => name)))]
  const served = await servedBy(cluster !== undefined && known.includes(cluster) ? [cluster] : known)
  const paste = readPaste(text, served ? kindsServed(served) : standardKinds)
  if (!paste) return { ...nothing, understood: false }
  const { rules, clusterRules, notes } = paste
  const isOpen = paste.namespaces.length === 0 && rules.length > 0 && namespace !== undefined
  const namespaces = isOpen ? [namespace] : paste.namespaces
  const named = cluster ?? (paste.context && known.includes(paste.context) ? paste.context : null)
  const needed = { rules, namespaces }
  const matches = rules.length === 0 ? [] : matchingEntitlements(entitlements, needed)
  const inCluster = matches.filter(({ clusters }) => named === null || clusters.includes(named))
  const complete = inCluster.filter(({ missing }) => missing.length === 0)
  const where = namespaces.length > 0 ? ` in ${namespaces.join(', ')}` : ''
  return {
    understood: true,
    summary: rules.length > 0 ? `${rulesInWords(rules)}${where}` : '',
    rules,
    namespaces,
    readings: [...readingsOf(rules, namespaces, false), ...readingsOf(clusterRules, [], true)].slice(0, mostReadings),
    notes: isOpen ? notes.filter(({ code }) => code !== 'unknown-namespace') : notes,
    suggestions: (complete.length > 0 ? complete : inCluster).map(({ entitlement, clusters, granted, missing }) => {
      const chosen = named ?? (clusters.length === 1 ? (clusters[0] ?? null) : null)
      const path = requestPath(entitlement, needed, chosen)
      return {
        entitlement,
        cluster: chosen,
        clusters,
        complete: missing.length === 0,
        granted,
        missing,
        requestPath: path,
      }
    }),
    alreadyHeld: rules.length > 0 ? await alreadyHeldBy(actor, { cluster: named, ...needed }) : [],
  }
}
