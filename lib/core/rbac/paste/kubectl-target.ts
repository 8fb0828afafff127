// What a kubectl command is about, and the single permissions it needs: the vocabulary of all commands.
import type { Arguments } from './flags.ts'
import {
  findResource,
  type KnownResource,
  knownResources,
  resourceOfKind,
  unlistedResource,
} from './known-resources.ts'
import type { ManifestObject } from './manifest-objects.ts'
import { isObjectName } from './names.ts'
import type { Note } from './needed-permissions.ts'

/** One kubectl command. Readers add to `notes` what they cannot know. */
export type Line = {
  command: string
  /** The names behind the command. */
  words: string[]
  args: Arguments
  /** The objects of a pasted manifest or here-document; null where there is none. */
  manifest: ManifestObject[] | null
  notes: Note[]
  /** A namespace that the line names other than by a flag. */
  namespace: string | null
}

/** Objects of one kind: a single one, or all that the server returns. An unknown name is ''. */
export type Target = { resource: KnownResource; isOne: boolean; name: string; namespace?: string | null }

/** One permission that the command needs. '' for no subresource and for no single name. */
export type Need = { verb: string; resource: KnownResource; subresource: string; name: string }

export const need = (verb: string, target: Target, subresource = ''): Need => ({
  verb,
  resource: target.resource,
  subresource,
  name: target.isOne ? target.name : '',
})

export const note = (line: Line, code: string, sentence: string) => void line.notes.push({ code, sentence })

/** A resource by its plural name. */
export const builtin = (resource: string, group = ''): KnownResource =>
  knownResources.find((known) => known.resource === resource && known.group === group) ??
  unlistedResource(group, resource)

/** All objects of a resource. */
export const every = (resource: string, group = ''): Target => ({
  resource: builtin(resource, group),
  isOne: false,
  name: '',
})

/** A pasted word, cut to a length that can be shown. */
export const shown = (word: string) => (word.length <= 60 ? word : `${word.slice(0, 60)}…`)

function nameOf(line: Line, word: string): string {
  if (isObjectName(word) && !/[$`*]/.test(word)) return word
  note(line, 'unknown-name', `The shell fills in ${shown(word)}, so the rules apply to any name.`)
  return ''
}

const unknownType = (line: Line, what: string) =>
  note(line, 'unknown-type', `${shown(what)} is not a known kind of object.`)

export function resourceFor(line: Line, word: string): KnownResource | undefined {
  const found = findResource(word)
  if (!found) unknownType(line, word)
  else if (found.kind === '')
    note(line, 'assumed-type', `${shown(word)} is not a known resource; it was read as a plural name and a group.`)
  return found
}

/** `deploy/api`, or `web` where the kind is implied. */
export function oneTarget(line: Line, word: string, kind = 'pods'): Target | undefined {
  const slash = word.indexOf('/')
  const resource = resourceFor(line, slash < 0 ? kind : word.slice(0, slash))
  return resource && { resource, isOne: true, name: nameOf(line, word.slice(slash + 1)) }
}

function fromManifest(line: Line): Target[] {
  if (!line.manifest) {
    note(line, 'no-manifest', "The contents of the file aren't known. Paste them below the command.")
    return []
  }
  return line.manifest.flatMap(({ apiVersion, kind, name, namespace }): Target[] => {
    const resource = resourceOfKind(apiVersion, kind)
    if (!resource) {
      unknownType(line, `${apiVersion} ${kind}`)
      return []
    }
    return [{ resource, isOne: true, name: isObjectName(name) ? name : '', namespace }]
  })
}

export const usesFiles = (line: Line) => line.args.flags.has('filename') || line.args.flags.has('kustomize')

const selects = ({ args: { flags } }: Line) =>
  flags.has('selector') || flags.has('field-selector') || flags.get('all') === 'true'

/** The objects that a command names: `TYPE`, `TYPE NAME…`, `TYPE,TYPE`, `TYPE/NAME…` or `-f FILE`. */
export function targetsOf(line: Line, words: readonly string[] = line.words): Target[] {
  if (usesFiles(line)) return fromManifest(line)
  const [first = '', ...names] = words
  if (first === '') {
    note(line, 'incomplete', `kubectl ${line.command} needs a resource.`)
    return []
  }
  if (first.includes('/')) return words.flatMap((word) => (word.includes('/') ? (oneTarget(line, word) ?? []) : []))
  const kinds = first.split(',').slice(0, 50)
  const resources = kinds.flatMap((word) =>
    word === 'all' ? knownResources.filter(({ isInAll }) => isInAll) : (resourceFor(line, word) ?? []),
  )
  if (names.length === 0 || selects(line)) return resources.map((resource) => ({ resource, isOne: false, name: '' }))
  return resources.flatMap((resource) => names.map((word) => ({ resource, isOne: true, name: nameOf(line, word) })))
}

/** How kubectl finds objects before it acts on them: a single one by its name, several by a list. */
export const found = (target: Target, subresource = '') =>
  target.isOne ? need('get', target, subresource) : need('list', target, subresource)
