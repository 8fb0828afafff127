import type { EntitlementResource } from '#lib/access/resources'
import { allows } from '#lib/rbac/allows'
import { type Forbidden, parseForbidden } from '#lib/rbac/parse-forbidden'

/** One thing that may be asked for, with the form's address in which everything known is filled in. */
export type Choice = { href: string; title: string; what: EntitlementResource; note: string }

/**
 * What typed or pasted words may mean: the entitlements that would give what a Forbidden sentence was refused, or
 * those that hold the words. `sentence` says what was understood, and what was not.
 */
export function understand(text: string, entitlements: EntitlementResource[]): { sentence: string; choices: Choice[] } {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return { sentence: '', choices: entitlements.map((one) => choiceOf(one, {}, '')) }
  const forbidden = parseForbidden(text)
  if (forbidden) return fromForbidden(forbidden, entitlements)
  const found = entitlements.filter((one) => words.every((word) => wordsOf(one).includes(word)))
  if (found.length > 0) return { sentence: '', choices: found.map((one) => choiceOf(one, {}, '')) }
  return {
    sentence: 'Nothing you may ask for has these words. This is all there is:',
    choices: entitlements.map((one) => choiceOf(one, {}, '')),
  }
}

function fromForbidden(refused: Forbidden, entitlements: EntitlementResource[]) {
  const call = `${refused.verb} ${refused.resource}${refused.group && `.${refused.group}`}${refused.subresource && `/${refused.subresource}`}`
  if (refused.namespace === null)
    return {
      sentence: `You were refused to ${call} at the cluster scope. Postern gives access in namespaces.`,
      choices: [],
    }
  const { namespace } = refused
  const choices = entitlements.flatMap((one) => {
    if (!allows(one.rules, { ...refused, namespace })) return []
    const clusters = one.clusters.filter((cluster) => cluster.namespaces.includes(namespace))
    if (clusters.length === 0) return []
    const rule = {
      apiGroups: [refused.group],
      resources: [refused.resource + (refused.subresource && `/${refused.subresource}`)],
      verbs: [refused.verb],
    }
    const known = {
      namespaces: namespace,
      // The sentence does not name the cluster: where there are several, the person chooses.
      ...(clusters.length === 1 && clusters[0] ? { cluster: clusters[0].name } : {}),
      ...(one.kind === 'ceiling' ? { rules: JSON.stringify([rule]) } : {}),
    }
    return [choiceOf(one, known, `gives ${call} in ${namespace}`)]
  })
  const sentence = choices.length
    ? `You were refused to ${call} in ${namespace}. This would give it:`
    : `You were refused to ${call} in ${namespace}. Nothing you may ask for gives that.`
  return { sentence, choices }
}

const choiceOf = (what: EntitlementResource, known: Record<string, string>, note: string): Choice => ({
  href: `/ask?${new URLSearchParams({ entitlement: what.name, ...known })}`,
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
