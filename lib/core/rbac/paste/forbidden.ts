// Reads the permissions that an API server refused from the sentences of its 403 responses, as programs print them and
// people paste them.
import { grantsNamespace } from '#lib/core/access/namespaces'
import { grantOfVouchedUser } from '#lib/core/access/vouched-user'
import { maxCharacters } from './clean-text.ts'
import { type Kinds, resourcesCalled, standardKinds } from './known-resources.ts'
import { isGroup, isResource } from './names.ts'
import { type NeededPermission, type Note, uniqueNotes } from './needed-permissions.ts'
import { readingsOf } from './readings.ts'
import { type RefusedAddress, refusedAddresses } from './refusal-addresses.ts'
import { notesOf, squeeze } from './refusal-notes.ts'
import { type Missing, type Sentence, sentencesOf } from './refusal-sentence.ts'
import { gkeTail, notSignedIn } from './refusal-signs.ts'

const maxPermissions = 50

/** A refused permission, and what its message left out. */
export type Refusal = { permission: NeededPermission; missing: readonly Missing[]; program: string | null }

const keyOf = ({ verb, group, resource, subresource, name, namespace }: NeededPermission) =>
  JSON.stringify([verb, group, resource, subresource, name, namespace])

/** The program behind a user name that no person has; null for a person and for the accounts of Postern's own grants. */
function programOf(user: string): string | null {
  const [, namespace, name] = /^system:serviceaccount:([^:]{1,253}):(.{1,253})$/.exec(user) ?? []
  if (namespace !== undefined)
    return namespace === grantsNamespace ? null : `the ServiceAccount ${name} in ${namespace}`
  if (grantOfVouchedUser(user) !== null) return null
  if (user.startsWith('system:node:')) return `the node ${user.slice('system:node:'.length)}`
  return /^(?:system:(?!admin$|anonymous$|masters$)|eks:|aksService$)/.test(user) ? user : null
}

const programNote = (program: string): Note => ({
  code: 'program',
  sentence: `The caller was ${program.slice(0, 300)}, a program and not you, so a grant to you won't help. Its permissions are set by the role bindings of that program.`,
})

/** `unknown (get pods)`: the server's response had no sentence, so the client prints the method and the resource. */
const clientMessage =
  /(?:unknown|forbidden|does not allow access to the requested resource|provide credentials) {0,3}\((get|post|put|patch|delete) ([a-z0-9.-]{1,253})(?: ([^\s()]{1,253}))?\)/gi

function fromClient(text: string): Refusal[] {
  return [...text.matchAll(clientMessage)]
    .slice(0, maxPermissions)
    .flatMap(([, method = '', target = '', name = '']) => {
      const [resource = '', ...group] = target.split('.')
      if (!isResource(resource) || !isGroup(group.join('.'))) return []
      const verbs = {
        get: name === '' ? ['list', 'watch'] : ['get'],
        post: ['create'],
        put: ['update'],
        patch: ['patch'],
        delete: [name === '' ? 'deletecollection' : 'delete'],
      }[method.toLowerCase()]
      const about = { group: group.join('.'), resource, subresource: '', name, namespace: null }
      return (verbs ?? []).map(
        (verb): Refusal => ({ permission: { verb, ...about }, missing: ['namespace'], program: null }),
      )
    })
}

const signer = /user not permitted to (approve|sign) requests with signerName "([^"]{1,253})"/g

/** A certificate's approval is a permission on its signer. */
const fromSigners = (text: string): Refusal[] =>
  [...text.matchAll(signer)].slice(0, maxPermissions).map(([, verb = '', name = '']) => ({
    permission: { verb, group: 'certificates.k8s.io', resource: 'signers', subresource: '', name, namespace: null },
    ...{ missing: [], program: null },
  }))

const fromAddress = ({ permission }: RefusedAddress): Refusal => ({ permission, missing: ['user'], program: null })

/** The group of a resource whose message lost it, where only one resource has the name. */
function withGroup(refusal: Refusal, kinds: Kinds): Refusal | undefined {
  const { permission, missing } = refusal
  if (!missing.includes('group')) return refusal
  const [first] = resourcesCalled(permission.resource, kinds).filter(({ resource }) => resource === permission.resource)
  return first && { ...refusal, permission: { ...permission, group: first.group } }
}

/** The refusals without a name that stand beside one with a name: a call for all objects, and not a name that was lost. */
const forAllObjects = (sentences: readonly Sentence[]) => {
  const permissions = sentences.flatMap(toRefusal).map(({ permission }) => permission)
  const withoutName = (permission: NeededPermission) => keyOf({ ...permission, name: '' })
  const named = new Set(permissions.filter(({ name }) => name !== '').map(withoutName))
  return permissions
    .filter(({ name }) => name === '')
    .map(keyOf)
    .filter((key) => named.has(key))
}

/**
 * Drops what another reading of the text knows better: a line that broke inside a name, a sentence that one reading cut.
 * @param kept the keys of refusals that are no worse without a name
 */
function withoutWorse(refusals: readonly Refusal[], kept: ReadonlySet<string>): Refusal[] {
  const better = new Set<string>()
  const named = new Map<string, string[]>()
  for (const { permission } of refusals) {
    const key = keyOf({ ...permission, name: '' })
    named.set(key, [...(named.get(key) ?? []), permission.name])
  }
  // Without its backslashes, a quoted part of a name ends the name: `"a \"b\" c"` becomes ` c`. And one reading has every
  // run of spaces as one space.
  const isRest = ({ name, ...rest }: NeededPermission) =>
    name !== '' &&
    named
      .get(keyOf({ ...rest, name: '' }))
      ?.some((other) => other !== name && (other.endsWith(`"${name}`) || other.replace(/\s+/g, ' ') === name))
  for (const { permission, missing } of refusals) {
    if (permission.name !== '') better.add(keyOf({ ...permission, name: '' }))
    if (missing.includes('namespace')) continue
    better.add(`any ${keyOf({ ...permission, namespace: null })}`)
    better.add(`any ${keyOf({ ...permission, namespace: null, name: '' })}`)
  }
  return refusals.filter(
    ({ permission, missing }) =>
      !isRest(permission) &&
      !(permission.name === '' && better.has(keyOf(permission)) && !kept.has(keyOf(permission))) &&
      !(missing.includes('namespace') && better.has(`any ${keyOf(permission)}`)),
  )
}

const toRefusal = (sentence: Sentence): Refusal[] =>
  'permission' in sentence && sentence.user !== 'system:anonymous' && !gkeTail.test(squeeze(sentence.tail))
    ? [{ permission: sentence.permission, missing: sentence.missing, program: programOf(sentence.user) }]
    : []

function missingNotes(refusals: readonly Refusal[]): Note[] {
  const notes: Note[] = []
  const has = (what: Missing) => refusals.some(({ missing }) => missing.includes(what))
  if (has('group')) {
    const sentence =
      'The message is cut before the API group, which was taken from the kind of object. Check the group.'
    notes.push({ code: 'assumed-group', sentence })
  }
  if (has('name')) {
    const sentence =
      "The message doesn't show the name of the object, or shows one that no object can have, so the rules apply to any name."
    notes.push({ code: 'unknown-name', sentence })
  }
  if (has('user')) {
    const sentence = "The message doesn't show who was refused. This assumes that it was you."
    notes.push({ code: 'unknown-user', sentence })
  }
  const cut = refusals.find(({ missing }) => missing.includes('quote'))
  if (cut) {
    const sentence = `The end of the message is missing. Check that ${cut.permission.namespace} is the whole name of the namespace.`
    notes.push({ code: 'damaged', sentence })
  }
  return notes
}

/** Every refused permission of a pasted text, each once, in the order of the text. */
export function readRefusals(text: string, kinds: Kinds = standardKinds): { refusals: Refusal[]; notes: Note[] } {
  const readings = readingsOf(text)
  const inEach = readings.map(sentencesOf)
  const sentences = inEach.flat()
  const fromClients = readings.flatMap(fromClient)
  const notes: Note[] = []
  const byKey = new Map<string, Refusal>()
  // A client that prints the sentence often prints the address as well.
  const addresses = sentences.length > 0 ? [] : readings.flatMap(refusedAddresses)
  const others = [...readings.flatMap(fromSigners), ...fromClients, ...addresses.map(fromAddress)]
  const all = [...sentences.flatMap(toRefusal), ...others]
  for (const sentence of sentences) {
    if (!('path' in sentence)) continue
    notes.push({
      code: 'non-resource-path',
      sentence: `${sentence.path.slice(0, 200)} is a path of the API server, not a resource. A role bound in a namespace can't grant it.`,
    })
  }
  for (const refusal of all) {
    const complete = withGroup(refusal, kinds)
    if (!complete) continue
    const key = `${keyOf(complete.permission)} ${complete.program}`
    if (byKey.size < maxPermissions) byKey.set(key, byKey.get(key) ?? complete)
    else if (!byKey.has(key))
      notes.push({ code: 'too-many', sentence: `Only the first ${maxPermissions} refusals were read.` })
  }
  if (sentences.some(({ user }) => user === 'system:anonymous')) notes.push(notSignedIn)
  if (addresses.some(({ isVerbKnown }) => !isVerbKnown))
    notes.push({
      code: 'unknown-verb',
      sentence: "The message doesn't show the method of the call, so it was taken for a read. Check the verbs.",
    })
  if (fromClients.length + addresses.length > 0)
    notes.push({
      code: 'no-details',
      sentence: "The response doesn't name a permission; it may also come from a proxy in front of the API server.",
    })
  const refusals = withoutWorse([...byKey.values()], new Set(inEach.flatMap(forAllObjects)))
  for (const { program } of refusals) if (program !== null) notes.push(programNote(program))
  const permissions = refusals.map(({ permission }) => permission)
  notes.push(
    ...missingNotes(refusals),
    ...notesOf(readings, permissions, Math.max(0, ...inEach.map(({ length }) => length)), others.length > 0),
  )
  if (text.length > maxCharacters)
    notes.push({ code: 'cut', sentence: `Only the first ${maxCharacters} characters were read.` })
  return { refusals, notes: uniqueNotes(notes) }
}

/**
 * The refused permissions of a pasted text, with notes on what access cannot change and on what was not understood. Never
 * throws. NB: the text is untrusted; the result only fills a form, and a submitted form is judged like any other request.
 */
export function parseForbidden(text: string): { permissions: NeededPermission[]; notes: Note[] } {
  const { refusals, notes } = readRefusals(text)
  return { permissions: refusals.map(({ permission }) => permission), notes }
}
