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

const withSeparators = (count: number) => count.toLocaleString('en-US')

/** The first words of a list, and the number of the others: `a, b and 62 more verbs`. */
const listed = (words: readonly string[], most: number, separator: string, noun: string): string =>
  words.length <= most
    ? words.join(separator)
    : `${words.slice(0, most).join(separator)} and ${withSeparators(words.length - most)} more ${noun}`

function verbsInWords(verbs: readonly string[], most: number): string {
  if (verbs.includes('*')) return 'do anything with'
  return listed(verbs.map(visible), most, ', ', 'verbs')
}

function targetInWords(group: string, resource: string): string {
  const name = resource === '*' ? 'every resource' : visible(resource)
  if (group === '*') return `${name} of any group`
  if (resource === '*') return group === '' ? 'every resource of the core group' : `every resource of ${visible(group)}`
  return resourceKey(visible(group), name)
}

const namesInWords = (names: readonly string[], most: number) =>
  names.length ? ` named ${listed(names.map(visible), most, ' or ', 'names')}` : ''

/** Rules with the same verbs and names. */
type Phrase = { verbs: string[]; names: string[]; rules: Rule[] }

function phrasesOf(rules: readonly Rule[]): Phrase[] {
  const phrases = new Map<string, Phrase>()
  for (const rule of rules) {
    // A rule without a verb, group or resource allows nothing.
    if (!rule.verbs.length || !rule.apiGroups.length || !rule.resources.length) continue
    const verbs = [...new Set(rule.verbs)].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
    const names = [...new Set(rule.resourceNames)].sort()
    const key = JSON.stringify([verbs, names])
    const phrase = phrases.get(key)
    if (phrase) phrase.rules.push(rule)
    else phrases.set(key, { verbs, names, rules: [rule] })
  }
  return [...phrases.values()]
}

/** The pairs of an API group and a resource that are looked at to find repeated ones. */
const comparedPairs = 200

/**
 * The resources of a phrase, at most `most` of them by name. A phrase with more pairs than are compared counts a resource
 * twice that two of its rules share: to tell these apart would cost more than the number is worth.
 */
function targetsOf({ rules }: Phrase, most: number): { named: string[]; more: number } {
  const targets = new Set<string>()
  let compared = 0
  let all = 0
  for (const rule of rules) {
    const [groups, resources] = [new Set(rule.apiGroups), new Set(rule.resources)]
    all += groups.size * resources.size
    for (const group of groups) {
      for (const resource of resources) {
        if (compared >= comparedPairs && targets.size >= most) break
        compared += 1
        targets.add(targetInWords(group, resource))
      }
    }
  }
  const named = [...targets].slice(0, most)
  return { named, more: targets.size - named.length + all - compared }
}

/** A sentence with more verbs, names and resources is read by no one, and to write it holds up every other caller. */
const mostParts = 60

/**
 * Rules as one line, such as `patch deployments.apps; get, list pods`, with API groups as kubectl writes them. Rules with
 * the same verbs and names are combined.
 * @param most how many verbs, names and resources the line names, about; it counts the others
 */
export function rulesInWords(rules: readonly Rule[], most = mostParts): string {
  const phrases = phrasesOf(rules)
  const ofOneList = Math.ceil(most / 4)
  const said: string[] = []
  let room = most
  for (const phrase of phrases) {
    if (room <= 0) break
    const { named, more } = targetsOf(phrase, room)
    const verbs = verbsInWords(phrase.verbs, ofOneList)
    const resources = [named.join(', '), ...(more > 0 ? [`${withSeparators(more)} more resources`] : [])].join(' and ')
    said.push(`${verbs} ${resources}${namesInWords(phrase.names, ofOneList)}`)
    room -= named.length + Math.min(phrase.verbs.length, ofOneList) + Math.min(phrase.names.length, ofOneList)
  }
  const unsaid = phrases.slice(said.length).reduce((count, phrase) => count + phrase.rules.length, 0)
  if (unsaid > 0) said.push(`and ${withSeparators(unsaid)} more ${unsaid === 1 ? 'rule' : 'rules'}`)
  return said.join('; ') || 'nothing'
}
