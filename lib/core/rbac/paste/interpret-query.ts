// What a typed or pasted text on the page "Request access" means, and the entitlements that fit it.
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { ServedResource } from '#lib/core/rbac/cluster-rights'
import { matchingEntitlements, requestPath } from '#lib/core/rbac/matching-entitlements'
import type { NeededAccess } from '#lib/core/rbac/missing-access'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { kindsServed, standardKinds } from './known-resources.ts'
import { type Paste, readPaste } from './paste.ts'

/** An entitlement to request, with the path of its form and a note on how far it fits. */
export type Choice = { href: string; title: string; what: EntitlementResource; note: string }

type Interpretation = {
  sentence: string
  /** What a pasted text needs, in words; empty for search words. */
  understood: string
  choices: Choice[]
  /** What a pasted text needs. Null for search words, and for a text that needs no access in namespaces. */
  needed: NeededAccess | null
  /** True if each choice allows all that a pasted text needs. */
  isAnswered: boolean
}

/**
 * The entitlements that allow what a pasted refusal or kubectl command needs, or those that contain the typed words.
 * `sentence` says what was understood.
 * @param served what the clusters of these entitlements serve; null where that is not known
 */
export function interpretQuery(
  text: string,
  entitlements: readonly EntitlementResource[],
  served: readonly ServedResource[] | null = null,
): Interpretation {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return { ...noPaste, sentence: '', choices: entitlements.map(plainChoice) }
  const found = entitlements.filter((one) => words.every((word) => searchText(one).includes(word)))
  // A single word such as `k9s` may be a program, or what an entitlement is called.
  const paste =
    words.length === 1 && found.length > 0 ? null : readPaste(text, served ? kindsServed(served) : standardKinds)
  if (paste) return fromPaste(paste, entitlements)
  if (found.length > 0) return { ...noPaste, sentence: '', choices: found.map(plainChoice) }
  return {
    ...noPaste,
    sentence: 'No entitlement contains these words. These are all that you can request:',
    choices: entitlements.map(plainChoice),
  }
}

const noPaste = { understood: '', needed: null, isAnswered: false }

const sentencesOf = (notes: Paste['notes']) => notes.map(({ sentence }) => sentence).join(' ')

function withoutRules({ clusterRules, notes }: Paste): Interpretation {
  const hints = sentencesOf(notes.filter(({ code }) => code !== 'cluster-scope'))
  const wide = clusterRules.length
    ? `That needs access to the whole cluster: ${rulesInWords(clusterRules)}. Postern grants access in namespaces only.`
    : ''
  const sentence = [wide, hints].filter(Boolean).join(' ') || 'That command needs no access.'
  return { ...noPaste, sentence, choices: [] }
}

function fromPaste(paste: Paste, entitlements: readonly EntitlementResource[]): Interpretation {
  if (paste.rules.length === 0) return withoutRules(paste)
  const hints = sentencesOf(paste.notes)
  const where = paste.namespaces.length ? ` in ${paste.namespaces.join(', ')}` : ''
  const action = `${rulesInWords(paste.rules)}${where}`
  const matches = matchingEntitlements(entitlements, paste)
  const complete = matches.filter(({ missing }) => missing.length === 0)
  const choices = (complete.length ? complete : matches).map(({ entitlement, clusters, granted, missing }) => {
    // A paste never names the cluster for certain: where there are several, the requester chooses.
    const cluster = clusters.find((name) => name === paste.context) ?? (clusters.length === 1 ? clusters[0] : null)
    return {
      ...plainChoice(entitlement),
      href: requestPath(entitlement, paste, cluster),
      note: missing.length ? `allows only a part of it: ${rulesInWords(granted)}` : `allows you to ${action}`,
    }
  })
  const summary = complete.length
    ? 'These entitlements allow it:'
    : matches.length
      ? 'No single entitlement allows all of it. These allow a part:'
      : 'None of your entitlements allows it.'
  // A kubeconfig context that is not called like one of the clusters says nothing about the cluster.
  const known = entitlements.flatMap(({ clusters }) => clusters).some(({ name }) => name === paste.context)
  const understood = [`You need to ${action}.`, hints].filter(Boolean).join(' ')
  return {
    sentence: `${understood} ${summary}`,
    understood,
    choices,
    needed: { cluster: known ? paste.context : null, namespaces: paste.namespaces, rules: paste.rules },
    isAnswered: complete.length > 0,
  }
}

const plainChoice = (what: EntitlementResource): Choice => ({
  href: requestPath(what),
  title: what.title,
  what,
  note: '',
})

const searchText = (one: EntitlementResource) =>
  [
    one.name,
    one.title,
    one.description ?? '',
    ...one.namespaces,
    ...one.clusters.map((cluster) => cluster.name),
    ...one.rules.flatMap((rule) => rule.resources),
  ]
    .join(' ')
    .toLowerCase()
