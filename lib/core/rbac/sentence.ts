// Rules as one line that a person can read at a glance.
import type { Rule } from '#lib/core/access/rule'
import { resourceKey } from './resource-name.ts'

const verbOrder = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']

const rankOf = (verb: string) => {
  const rank = verbOrder.indexOf(verb)
  return rank < 0 ? verbOrder.length : rank
}

/** Names in roles are untrusted: characters that reorder or hide text become their code points. */
const visible = (text: string) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)

function verbsInWords(verbs: readonly string[]): string {
  if (verbs.includes('*')) return 'do anything with'
  return [...new Set(verbs)]
    .sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
    .map(visible)
    .join(', ')
}

function targetInWords(group: string, resource: string): string {
  const name = resource === '*' ? 'every resource' : visible(resource)
  if (group === '*') return `${name} of any group`
  if (resource === '*') return group === '' ? 'every resource of the core group' : `every resource of ${visible(group)}`
  return resourceKey(visible(group), name)
}

const namesInWords = (names: readonly string[] | undefined) =>
  names?.length ? ` named ${[...new Set(names)].sort().map(visible).join(' or ')}` : ''

/**
 * Rules as one line, such as `patch deployments.apps; get, list pods`, with API groups as kubectl writes them. Rules with
 * the same verbs and names are combined, and nothing is left out.
 */
export function rulesInWords(rules: readonly Rule[]): string {
  const phrases = new Map<string, { verbs: string; names: string; targets: Set<string> }>()
  for (const rule of rules) {
    const verbs = verbsInWords(rule.verbs)
    const names = namesInWords(rule.resourceNames)
    const phrase = phrases.get(`${verbs}\n${names}`) ?? { verbs, names, targets: new Set<string>() }
    for (const group of rule.apiGroups) {
      for (const resource of rule.resources) phrase.targets.add(targetInWords(group, resource))
    }
    phrases.set(`${verbs}\n${names}`, phrase)
  }
  const complete = [...phrases.values()].filter(({ verbs, targets }) => verbs && targets.size)
  return (
    complete.map(({ verbs, names, targets }) => `${verbs} ${[...targets].join(', ')}${names}`).join('; ') || 'nothing'
  )
}
