import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { type Paste, readPaste } from './paste.ts'

/** One thing that may be asked for, with the form's address in which everything known is filled in. */
export type Choice = { href: string; title: string; what: EntitlementResource; note: string }

/**
 * What typed or pasted words may mean: the entitlements that would give what a refusal or a kubectl command needs, or
 * those that hold the words. `sentence` says what was understood, and what was not.
 */
export function understand(text: string, entitlements: EntitlementResource[]): { sentence: string; choices: Choice[] } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return { sentence: '', choices: entitlements.map((one) => choiceOf(one, {}, '')) }
  const paste = readPaste(text)
  if (paste) return fromPaste(paste, entitlements)
  const found = entitlements.filter((one) => words.every((word) => wordsOf(one).includes(word)))
  if (found.length > 0) return { sentence: '', choices: found.map((one) => choiceOf(one, {}, '')) }
  return {
    sentence: 'Nothing you may ask for has these words. This is all there is:',
    choices: entitlements.map((one) => choiceOf(one, {}, '')),
  }
}

type Fit = { one: EntitlementResource; cluster: string | null; missing: number; gives: string }

/** How well an entitlement gives what is needed, where it is needed; undefined where it gives nothing of it. */
function fitOf(paste: Paste, one: EntitlementResource): Fit | undefined {
  const { uncovered } = covers(one.rules, paste.rules)
  const given = covers(uncovered, paste.rules).uncovered
  const clusters = one.clusters.filter(({ namespaces }) => paste.namespaces.every((name) => namespaces.includes(name)))
  if (given.length === 0 || clusters.length === 0) return undefined
  // Neither sentence nor command names the cluster for sure: where there are several, the person chooses.
  const named = clusters.find(({ name }) => name === paste.context)
  const cluster = named ?? (clusters.length === 1 ? clusters[0] : undefined)
  return { one, cluster: cluster?.name ?? null, missing: uncovered.length, gives: rulesInWords(given) }
}

function fromPaste(paste: Paste, entitlements: EntitlementResource[]) {
  const hints = paste.notes.map(({ sentence }) => sentence).join(' ')
  if (paste.rules.length === 0) {
    const wide = paste.clusterRules.length
      ? `That takes ${rulesInWords(paste.clusterRules)} in the whole cluster. `
      : ''
    const where = wide ? 'Postern gives access in namespaces. ' : ''
    return { sentence: `${wide}${where}${hints}`.trim() || 'That takes no rights that you could ask for.', choices: [] }
  }
  const where = paste.namespaces.length ? ` in ${paste.namespaces.join(', ')}` : ''
  const call = `${rulesInWords(paste.rules)}${where}`
  const fits = entitlements.flatMap((one) => fitOf(paste, one) ?? []).sort((a, b) => a.missing - b.missing)
  const whole = fits.filter(({ missing }) => missing === 0)
  const choices = (whole.length ? whole : fits).map(({ one, cluster, missing, gives }) => {
    const known = {
      ...(paste.namespaces.length ? { namespaces: paste.namespaces.join(',') } : {}),
      ...(cluster ? { cluster } : {}),
      ...(one.kind === 'ceiling' && missing === 0 ? { rules: JSON.stringify(paste.rules) } : {}),
    }
    return choiceOf(one, known, missing ? `gives a part of it: ${gives}` : `gives ${call}`)
  })
  const found = whole.length
    ? 'This would give it:'
    : fits.length
      ? 'No one thing gives all of it:'
      : 'Nothing you may ask for gives that.'
  return { sentence: [`You need to ${call}.`, hints, found].filter(Boolean).join(' '), choices }
}

const choiceOf = (what: EntitlementResource, known: Record<string, string>, note: string): Choice => ({
  href: `/requests/new?${new URLSearchParams({ entitlement: what.name, ...known })}`,
  title: what.title,
  what,
  note,
})

const wordsOf = (one: EntitlementResource) =>
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
