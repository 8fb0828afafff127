// What a kubectl command is about, and the single permissions it needs: the vocabulary of all commands.
import type { Arguments } from './flags.ts'
import { type Gap, gapOf, hasGap, shown as shownWord } from './gaps.ts'
import {
  findResource,
  isBuiltIn,
  type Kinds,
  type KnownResource,
  knownResources,
  resourceOfKind,
  resourcesCalled,
  resourcesInCategory,
  unlistedResource,
} from './known-resources.ts'
import type { ManifestObject } from './manifest-objects.ts'
import { isNamespace } from './names.ts'
import type { Note } from './needed-permissions.ts'
import { isStandIn } from './notation.ts'
import { nameOf, type RefusedNames } from './object-name.ts'

/** One kubectl command. Readers add to `notes` what they cannot know. */
export type Line = {
  command: string
  /** The names behind the command. */
  words: string[]
  args: Arguments
  gaps: readonly Gap[]
  kinds: Kinds
  /** The objects of a pasted manifest or of a here-document; null where there is none. */
  manifest: ManifestObject[] | null
  /** The objects that a command in front of the pipe prints; null where there is none. */
  piped: Target[] | null
  notes: Note[]
  /** Namespaces that the line names other than by a flag. */
  namespaces: string[]
  /** For a command whose output is a manifest: the objects that it prints. */
  printed: Target[]
  /** What a refusal in the same paste says about names that the command leaves open. */
  refused?: RefusedNames | undefined
}

/** Objects of one kind: a single one, or all that the server returns. An unknown name is ''. */
export type Target = { resource: KnownResource; isOne: boolean; name: string; namespace?: string | null }

/**
 * One permission that the command needs. '' for no subresource and for no single name; `namespace` only where it is not the
 * one of the command.
 */
export type Need = { verb: string; resource: KnownResource; subresource: string; name: string; namespace?: string }

/** The kinds that are namespaces themselves: a role bound in a namespace can grant access to that one object. */
const isNamespaceItself = ({ group, resource }: KnownResource) =>
  (group === '' && resource === 'namespaces') || (group === 'project.openshift.io' && resource === 'projects')

export function need(verb: string, { resource, isOne, name }: Target, subresource = ''): Need {
  const about = { verb, resource, subresource, name: isOne ? name : '' }
  if (!isOne || !isNamespaceItself(resource)) return about
  // NB: the API server judges a call for one namespace inside that namespace.
  return { ...about, resource: { ...resource, namespaced: true }, ...(isNamespace(name) ? { namespace: name } : {}) }
}

export const note = (line: Pick<Line, 'notes'>, code: string, sentence: string) =>
  void line.notes.push({ code, sentence })

export const shown = (line: Pick<Line, 'gaps'>, word: string) => shownWord(word, line.gaps)

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

const fullName = ({ group, resource }: KnownResource) => (group === '' ? resource : `${resource}.${group}`)

/** The kinds that a placeholder for a kind may list: `<pod|deployment>`, `<pod-name>`; not the name of a variable. */
const kindsInLabel = (label: string): string[] =>
  (/^[$`]/.test(label) ? '' : label)
    .replace(/[^\w|/.-]/g, '')
    .split(/[|/]/)
    .map((part) => part.replace(/[-_]?(?:names?|id)$/i, ''))

export function resourceFor(line: Line, word: string): KnownResource | undefined {
  const resource = hasGap(word) ? undefined : findResource(word, line.kinds)
  if (!resource) {
    const isOpen = hasGap(word) || isStandIn(word)
    const sentence = isOpen
      ? `${shown(line, word)} is a placeholder for a kind of object. Replace it with the kind, such as pods.`
      : `${shown(line, word)} is not a known kind of object. Write its plural name and its group, as in widgets.example.com.`
    note(line, 'unknown-type', sentence)
    return undefined
  }
  const [first, ...others] = resourcesCalled(word, line.kinds).filter(({ kind }) => kind !== '')
  if (resource.kind === '')
    note(
      line,
      'assumed-type',
      `${shown(line, word)} is not a known resource; it was read as a plural name and a group.`,
    )
  else if (first && others.length > 0 && !isBuiltIn(first))
    note(
      line,
      'ambiguous-type',
      `${shown(line, word)} was read as ${fullName(first)}. It may also be ${others.slice(0, 4).map(fullName).join(', ')}; write that name to choose it.`,
    )
  if (line.kinds.subresources && !line.kinds.resources.some((one) => fullName(one) === fullName(resource)))
    note(line, 'not-served', `The cluster doesn't serve ${fullName(resource)}.`)
  return resource
}

/** The kinds that words such as `deploy,svc`, `all` and `<pod|svc>` name. */
function resourcesFor(line: Line, word: string): KnownResource[] {
  const gap = gapOf(word, line.gaps)
  const kinds = gap ? (gap.kinds ?? kindsInLabel(gap.label)) : word.split(',')
  const isGuess = gap && !gap.kinds
  if (isGuess && kinds.every((kind) => !findResource(kind, line.kinds)))
    return [resourceFor(line, word)].flatMap((one) => one ?? [])
  if (isGuess) note(line, 'assumed-type', `${gap.label} was read as a placeholder for the kind ${kinds.join(' or ')}.`)
  return kinds.slice(0, 50).flatMap((kind) => {
    const inCategory = resourcesInCategory(kind.toLowerCase(), line.kinds)
    const isKind = resourcesCalled(kind, line.kinds).length > 0
    return inCategory.length > 0 && !isKind ? inCategory : (resourceFor(line, kind) ?? [])
  })
}

const oneOf = (line: Line, resource: KnownResource, word: string): Target => ({
  resource,
  isOne: true,
  name: nameOf(line, resource, word),
})

/** `deploy/api`, or `web` where the kind is implied. */
export function oneTarget(line: Line, word: string, kind = 'pods'): Target | undefined {
  const slash = word.indexOf('/')
  const resource = resourceFor(line, slash < 0 ? kind : word.slice(0, slash))
  return resource && oneOf(line, resource, word.slice(slash + 1))
}

/** One target of each kind that the word may name: `deploy/api`, `<pod|deployment>/<name>`, or `web` for the given kind. */
export function targetsFor(line: Line, word: string, kind = 'pods'): Target[] {
  const slash = word.indexOf('/')
  // The output of `kubectl get … -o name` has the kind in front of the name.
  const kinds = slash < 0 ? (gapOf(word, line.gaps)?.kinds ?? [kind]) : [word.slice(0, slash)]
  return kinds.flatMap((one) => resourcesFor(line, one)).map((resource) => oneOf(line, resource, word.slice(slash + 1)))
}

function fromManifest(line: Line): Target[] {
  if (line.piped) return line.piped.map((target) => ({ ...target, isOne: true }))
  if (!line.manifest) {
    note(line, 'no-manifest', "The contents of the file aren't known. Paste them below the command.")
    return []
  }
  return line.manifest.map(({ apiVersion, kind, name, namespace }): Target => {
    const resource = resourceOfKind(apiVersion, kind, line.kinds)
    if (resource.kind === '')
      note(
        line,
        'assumed-type',
        `${shown(line, kind)} (${shown(line, apiVersion)}) is not a known kind; it was read as ${fullName(resource)}, in a namespace.`,
      )
    return { resource, isOne: true, name: name === '' ? '' : nameOf(line, resource, name), namespace }
  })
}

export const usesFiles = (line: Line) => line.args.flags.has('filename') || line.args.flags.has('kustomize')

/**
 * `--dry-run=client` sends nothing that changes an object. NB: without a value the flag is an error in newer versions; where
 * a command only creates an object, older ones meant the client.
 */
export function isClientDryRun({ command, args: { flags } }: Line): boolean {
  const value = flags.get('dry-run')
  return value === 'client' || (value === 'true' && ['create', 'run', 'expose', 'apply'].includes(command))
}

export const selects = ({ args: { flags } }: Line) =>
  flags.has('selector') || flags.has('field-selector') || flags.get('all') === 'true'

/** Commands that act on all objects of a kind where no name is given. Others refuse that. */
const readsAll = new Set(['get', 'describe', 'edit', 'rollout', 'events', 'wait', 'diff', 'apply'])

/** The objects that a command names: `TYPE`, `TYPE NAME…`, `TYPE,TYPE`, `TYPE/NAME…` or `-f FILE`. */
export function targetsOf(line: Line, words: readonly string[] = line.words): Target[] {
  if (usesFiles(line)) return fromManifest(line)
  const [first = '', ...names] = words
  if (first === '') {
    note(line, 'incomplete', `kubectl ${line.command} needs a resource.`)
    return []
  }
  if (first.includes('/')) return words.flatMap((word) => (word.includes('/') ? targetsFor(line, word) : []))
  const resources = resourcesFor(line, first)
  // The output of `kubectl get pods -o name`: kind and name in one word.
  if (gapOf(first, line.gaps)?.kinds) return resources.map((resource) => oneOf(line, resource, first))
  if (selects(line)) return resources.map((resource) => ({ resource, isOne: false, name: '' }))
  if (names.length > 0) return resources.flatMap((resource) => names.map((word) => oneOf(line, resource, word)))
  if (readsAll.has(line.command)) return resources.map((resource) => ({ resource, isOne: false, name: '' }))
  if (resources.length > 0)
    note(
      line,
      'unknown-name',
      `No name follows ${shown(line, first)}, so the rules apply to any name. Add the name of the object.`,
    )
  return resources.map((resource) => ({ resource, isOne: true, name: '' }))
}

/** How kubectl finds objects before it acts on them: a single one by its name, several by a list. */
export const found = (target: Target, subresource = '') =>
  target.isOne ? need('get', target, subresource) : need('list', target, subresource)
