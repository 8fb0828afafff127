// The sentence in which an API server names a refused permission, also where a part of it is missing or damaged. Source:
// forbiddenMessage in k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go and NewForbidden in
// k8s.io/apimachinery/pkg/api/errors.
import { splitResource } from '#lib/core/rbac/resource-name'
import { isFreeName, isGroup, isNamespace, isObjectName, isResource, isVerb } from './names.ts'
import type { NeededPermission } from './needed-permissions.ts'
import { isAbridged, isStandIn } from './notation.ts'
import { bare, type Cursor, loose, maxQuoted, openingQuote, phrase, quoted, skipSpace } from './refusal-cursor.ts'

/** What a damaged sentence does not say. */
export type Missing = 'namespace' | 'group' | 'name' | 'user' | 'quote'

export type Sentence = {
  /** '' where the text has lost it. */
  user: string
  missing: Missing[]
  /** The text behind the sentence, in which authorizers add their reason. */
  tail: string
} & ({ permission: NeededPermission } | { path: string })

/** A text that someone wrote over a name: `<ns>`, `***`, `[redacted]`, XXXX. */
export const isMasked = (text: string) =>
  isStandIn(text) ||
  isAbridged(text) ||
  /^[<[{(].{0,60}[>\]})]$/.test(text) ||
  /^-?(?:redacted|masked|removed|hidden)/i.test(text)

/** Resources of authentication, whose names are user names, group names and the like. */
const identities = new Set(['users', 'groups', 'uids', 'userextras', 'serviceaccounts', 'signers', 'identities'])

/** Their names are one segment of a path, and may have spaces and quotes. */
const roles = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'])

function isNameOf(resource: string, name: string): boolean {
  if (identities.has(resource)) return isFreeName(name)
  return roles.has(resource) ? isObjectName(name.replace(/[ "]/g, '_')) : isObjectName(name)
}

type Subject = { kind: string; name: string; isCut: boolean }

/** `pods "web" is forbidden: ` in front of the sentence: the kind, and the name of the object; '' where there is none. */
function subjectBefore(text: string, at: number): Subject {
  const head = text.slice(Math.max(0, at - 600), at).trimEnd()
  const end = head.match(/is ?forbidden: ?$/)?.index
  if (end === undefined) return { kind: '', name: '', isCut: false }
  const before = head.slice(0, end).trimEnd()
  const isQuoted = /["']$/.test(before)
  const opening = isQuoted ? openingQuote(before, before.length - 1) : -1
  const kindEnd = opening < 0 ? before.length : opening
  const [kind = ''] = /[a-z0-9.-]{1,253}$/.exec(before.slice(Math.max(0, kindEnd - 254), kindEnd).trimEnd()) ?? []
  const name = opening < 0 ? '' : before.slice(opening + 1, -1).replace(/\\(["\\])/g, '$1')
  return { kind, name, isCut: isQuoted && opening < 0 }
}

/**
 * `(get roles.rbac.authorization.k8s.io deck)`: older clients repeat the method, the resource and the name of the object
 * behind the sentence.
 */
const clientTail = /^(?::.{0,300}?)? ?\((?:get|post|put|patch|delete) ([a-z0-9.-]{1,253}) ([^\s()]{1,253})\)/

function nameBehind(tail: string, { resource, group }: { resource: string; group: string }): string {
  const [own = ''] = tail.split(/is forbidden|Error from/, 1)
  const [, target, name = ''] = clientTail.exec(own) ?? []
  return target === resource || target === `${resource}.${group}` ? name : ''
}

/** The user in front of `cannot`, and where the sentence starts; undefined where no `User` precedes it. */
function userBefore(text: string, at: number): { user: string; start: number } | undefined {
  const from = Math.max(0, at - maxQuoted - 16)
  const head = text.slice(from, at)
  const start = Math.max(head.lastIndexOf('User'), head.lastIndexOf('user "'))
  if (start < 0 || head.includes('cannot', start)) return undefined
  const cursor: Cursor = { text, at: from + start + 'User'.length }
  const user = quoted(cursor)
  skipSpace(cursor)
  // `groups=[…]` of a log line may follow. Anything else means that a quotation mark is missing.
  const isWhole = user !== undefined && (cursor.at === at || text.startsWith('groups', cursor.at))
  return { user: isWhole ? user : '', start: from + start }
}

/** `deployments/scale.apps`, as older servers and OpenShift write it. */
function fromDotted(text: string): { path: string; group: string } {
  const slash = text.indexOf('/')
  const dot = text.indexOf('.', Math.max(0, slash))
  return dot < 0 ? { path: text, group: '' } : { path: text.slice(0, dot), group: text.slice(dot + 1) }
}

/** The namespace: null for the cluster scope, undefined where the text does not say. */
function scope(cursor: Cursor): { namespace: string | null; isWhole: boolean } | undefined {
  if (phrase(cursor, 'at', 'the', 'cluster', 'scope') || phrase(cursor, 'cluster-wide'))
    return { namespace: null, isWhole: true }
  const isNamed =
    phrase(cursor, 'in', 'the', 'namespace') || phrase(cursor, 'in', 'namespace') || phrase(cursor, 'in', 'project')
  if (!isNamed) return undefined
  const whole = quoted(cursor)
  if (whole !== undefined) return { namespace: whole, isWhole: true }
  return { namespace: loose(cursor), isWhole: false }
}

type Object = { path: string; group: string | undefined; name: string }

/** What the verb applies to, in the words of the present server. */
function presentObject(cursor: Cursor, isDamaged: boolean, isLog: boolean): Object | undefined {
  const start = cursor.at
  const whole = quoted(cursor)
  const isWhole = whole !== undefined && isResource(whole)
  if (!isWhole) {
    if (!isDamaged) return undefined
    cursor.at = start
  }
  const path = isWhole ? whole : loose(cursor)
  const name = phrase(cursor, 'named') ? (quoted(cursor) ?? '') : ''
  if (!phrase(cursor, 'in', 'API', 'group')) {
    const log = fromDotted(path)
    if (isLog) return { ...log, name }
    // A quoted resource may be the last thing that is left of the message.
    return isDamaged && isWhole ? { path, group: undefined, name } : undefined
  }
  // Without quotation marks, nothing is left of the core group.
  const isEmpty = isDamaged && scope({ ...cursor }) !== undefined
  const group = quoted(cursor) ?? (isEmpty ? '' : isDamaged ? loose(cursor) : undefined)
  return group === undefined ? undefined : { path, group: group.replace(/^https?:\/\/|\/$/g, ''), name }
}

/** Before Kubernetes 1.12: `cannot list deployments.extensions in the namespace "p"`. */
function olderObject(cursor: Cursor): Object | undefined {
  const text = bare(cursor)
  if (text !== '') return { ...fromDotted(text), name: '' }
  // OpenShift 3: `cannot "patch" "projects" with name "shop" in project "shop"`.
  const whole = quoted(cursor)
  if (whole === undefined || !isResource(whole)) return undefined
  return { ...fromDotted(whole), name: phrase(cursor, 'with', 'name') ? (quoted(cursor) ?? '') : '' }
}

/**
 * The sentence around the word `cannot`.
 * @param isRefusal the text says elsewhere that something was forbidden, so that damaged sentences are read as well
 */
function sentenceAt(text: string, at: number, isRefusal: boolean): Sentence | undefined {
  const before = userBefore(text, at)
  const cursor: Cursor = { text, at: at + 'cannot'.length }
  // The API server's log quotes the verb: `cannot "get" resource "pods" named "web" in namespace "p"`.
  const isLog = text[cursor.at + 1] === '"'
  const verbText = isLog ? (quoted(cursor) ?? '') : bare(cursor)
  // A broken line may have lost the space in `list resource`.
  const isGlued = verbText.endsWith('resource') && verbText !== 'resource'
  const verb = isGlued ? verbText.slice(0, -'resource'.length) : verbText
  if (!isVerb(verb)) return undefined
  const user = before?.user ?? ''
  const missing: Missing[] = user === '' || isMasked(user) ? ['user'] : []
  if (!isGlued && phrase(cursor, 'path')) {
    const path = quoted(cursor)
    return path === undefined || !before ? undefined : { user, path, missing, tail: '' }
  }
  const isPresent = isGlued || phrase(cursor, 'resource')
  // Without a user, only the words of the present server are unmistakable.
  const object = isPresent ? presentObject(cursor, isRefusal, isLog) : user === '' ? undefined : olderObject(cursor)
  if (!object || !isResource(object.path)) return undefined
  const found = scope(cursor)
  if (!found && !(isPresent && isRefusal)) return undefined
  const { resource, subresource } = splitResource(object.path)
  const subject = subjectBefore(text, before?.start ?? at)
  const group =
    object.group ?? (subject.kind.startsWith(`${resource}.`) ? subject.kind.slice(resource.length + 1) : undefined)
  if (group === undefined) missing.push('group')
  else if (!isGroup(group)) return undefined
  const { namespace = '', isWhole = false } = found ?? {}
  const isOpen = !found || namespace === '' || (namespace !== null && isMasked(namespace))
  if (isOpen && !(found && namespace === '' && isWhole)) missing.push('namespace')
  else if (namespace !== null && namespace !== '' && !isNamespace(namespace)) return undefined
  else if (!isWhole) missing.push('quote')
  const tail = text.slice(cursor.at, cursor.at + 400)
  const given = object.name || subject.name || nameBehind(tail, { resource, group: group ?? '' })
  const isNamed = given !== '' && isNameOf(resource, given) && !(isMasked(given) && !identities.has(resource))
  if ((given !== '' && !isNamed) || subject.isCut) missing.push('name')
  return {
    ...{ user, missing, tail },
    permission: {
      ...{ verb, group: group ?? '', resource, subresource },
      name: isNamed ? given : '',
      namespace: isOpen ? null : namespace,
    },
  }
}

const maxSentences = 100

/** `…in the namespace "p": User "x" cannot get pods in project "p"`: OpenShift's reason repeats the sentence. */
function isRepeated(sentence: Sentence, before: Sentence | undefined): boolean {
  if (!before || !('permission' in sentence) || !('permission' in before)) return false
  const isReason = /^: ?[Uu]ser/.test(before.tail) && sentence.user === before.user
  const { name, ...rest } = sentence.permission
  const same = Object.entries(rest).every(([key, value]) => before.permission[key as keyof typeof rest] === value)
  return isReason && same && name === ''
}

/** The sentences of a text. */
export function sentencesOf(text: string): Sentence[] {
  const isRefusal = /forbidden|RBAC DENY/i.test(text)
  const found: Sentence[] = []
  for (let at = text.indexOf('cannot'); at >= 0 && found.length < maxSentences; at = text.indexOf('cannot', at + 1)) {
    const sentence = sentenceAt(text, at, isRefusal)
    if (sentence && !isRepeated(sentence, found.at(-1))) found.push(sentence)
  }
  return found
}
