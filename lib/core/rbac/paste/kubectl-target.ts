// What one kubectl command is about, and the single rights that it takes: the words that all commands share.

import type { Arguments } from './flags.ts'
import { allResources, findResource, type KnownResource, resourceOfKind } from './known-resources.ts'
import type { ManifestObject } from './manifest-objects.ts'
import { isObjectName } from './names.ts'
import type { Note } from './needed-permissions.ts'

/** One kubectl command, read so far. `notes` is added to by whoever finds that something cannot be known. */
export type Line = {
  command: string
  /** The names behind the command. */
  words: string[]
  args: Arguments
  known: readonly KnownResource[]
  /** What a pasted manifest or here-document names; null where there is none. */
  manifest: ManifestObject[] | null
  notes: Note[]
  /** A namespace that the line names in another way than by a flag. */
  namespace: string | null
}

/** Objects of one kind: one of them, or those that the server is asked for. A name that is not known is ''. */
export type Target = { resource: KnownResource; isOne: boolean; name: string; namespace?: string | null }

/** One right that the command takes. '' where there is no subresource or no single name. */
export type Need = { verb: string; resource: KnownResource; subresource: string; name: string }

export const need = (verb: string, target: Target, subresource = ''): Need => ({
  verb,
  resource: target.resource,
  subresource,
  name: target.isOne ? target.name : '',
})

export const note = (line: Line, code: string, sentence: string) => void line.notes.push({ code, sentence })

/** A resource by its plural name; all that are asked for by name here are in the table. */
export function builtin(line: Line, resource: string, group = ''): KnownResource {
  const known = line.known.find((candidate) => candidate.resource === resource && candidate.group === group)
  return known ?? { group, resource, kind: '', shortNames: [], namespaced: true }
}

/** Words of the line that come from a person are shown to one again; no more of each than can be read. */
export const shown = (word: string) => (word.length <= 60 ? word : `${word.slice(0, 60)}…`)

function nameOf(line: Line, word: string): string {
  if (isObjectName(word) && !/[$`*]/.test(word)) return word
  note(line, 'unknown-name', `${shown(word)} is filled in by the shell: the rules hold for any name.`)
  return ''
}

export function resourceFor(line: Line, word: string): KnownResource | undefined {
  const found = findResource(word, line.known)
  if (!found) note(line, 'unknown-type', `${shown(word)} is not a kind of object that is known here.`)
  else if (found.kind === '') note(line, 'assumed-type', `${shown(word)} was taken at its word, as plural and group.`)
  return found
}

/** `deploy/api` or, with a kind that goes without saying, `web`. */
export function oneTarget(line: Line, word: string, kind = 'pods'): Target | undefined {
  const slash = word.indexOf('/')
  const resource = resourceFor(line, slash < 0 ? kind : word.slice(0, slash))
  return resource && { resource, isOne: true, name: nameOf(line, word.slice(slash + 1)) }
}

function fromManifest(line: Line): Target[] {
  if (!line.manifest) {
    note(line, 'no-manifest', 'What the file names is not known: paste it below the command.')
    return []
  }
  return line.manifest.flatMap(({ apiVersion, kind, name, namespace }): Target[] => {
    const resource = resourceOfKind(apiVersion, kind, line.known)
    if (!resource) {
      note(line, 'unknown-type', `${shown(`${apiVersion} ${kind}`)} is not a kind of object that is known here.`)
      return []
    }
    return [{ resource, isOne: true, name: isObjectName(name) ? name : '', namespace }]
  })
}

export const usesFiles = (line: Line) => line.args.flags.has('filename') || line.args.flags.has('kustomize')

const selects = ({ args: { flags } }: Line) =>
  flags.has('selector') || flags.has('field-selector') || flags.get('all') === 'true'

/** `TYPE`, `TYPE NAME…`, `TYPE,TYPE`, `TYPE/NAME…` or `-f FILE`: what the words of a command name. */
export function targetsOf(line: Line, words: readonly string[] = line.words): Target[] {
  if (usesFiles(line)) return fromManifest(line)
  const [first = '', ...names] = words
  if (first === '') {
    note(line, 'incomplete', `kubectl ${line.command} needs to be told what.`)
    return []
  }
  if (first.includes('/')) return words.flatMap((word) => (word.includes('/') ? (oneTarget(line, word) ?? []) : []))
  const kinds = first.split(',').slice(0, 50)
  const resources = kinds.flatMap((word) =>
    word === 'all'
      ? allResources.flatMap((resource) => line.known.find((known) => known.resource === resource) ?? [])
      : (resourceFor(line, word) ?? []),
  )
  if (names.length === 0 || selects(line)) return resources.map((resource) => ({ resource, isOne: false, name: '' }))
  return resources.flatMap((resource) => names.map((word) => ({ resource, isOne: true, name: nameOf(line, word) })))
}

/** How kubectl finds objects before it does something with them: one by its name, others by a list. */
export const found = (target: Target, subresource = '') =>
  target.isOne ? need('get', target, subresource) : need('list', target, subresource)
