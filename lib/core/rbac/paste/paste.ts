// The permissions that a pasted text needs: an API server's refusal, commands, or a terminal session with both.
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { cleanText } from './clean-text.ts'
import { type Refusal, readRefusals } from './forbidden.ts'
import { isNamespaced as isNamespacedKind, type Kinds, standardKinds } from './known-resources.ts'
import { isKubectlCommand, readKubectl, scriptNotes, severalContexts } from './kubectl-line.ts'
import { leastRulesFor, type NeededPermission, type Note, uniqueNotes } from './needed-permissions.ts'
import type { RefusedNames } from './object-name.ts'
import { isOtherCommand, readOtherPrograms } from './other-programs.ts'
import { isDecidedElsewhere } from './refusal-signs.ts'
import { pastedScript } from './script.ts'

export type Paste = {
  /** What a role in each of the namespaces must grant. */
  rules: Rule[]
  /** What only a ClusterRoleBinding can grant. */
  clusterRules: Rule[]
  /** The namespaces that the text names; empty where it names none. */
  namespaces: string[]
  /** A kubeconfig context, which often has the same name as the cluster. */
  context: string | null
  notes: Note[]
}

const streams = ['exec', 'attach', 'portforward']

/**
 * The server names only the first missing permission. This adds those that kubectl would be refused next.
 * @param known the rules of a command in the same text, which says itself what it needs
 */
function withCompanions(permission: NeededPermission, known: readonly Rule[]): NeededPermission[] {
  if (permission.group !== '' || permission.resource !== 'pods') return [permission]
  if (covers(known, leastRulesFor([permission])).uncovered.length === 0) return [permission]
  const pod = { ...permission, subresource: '', verb: 'get' }
  // From 1.35 the server requires `create` where an older one accepted `get`.
  if (streams.includes(permission.subresource)) return [permission, { ...permission, verb: 'create' }, pod]
  return permission.subresource === 'log' ? [permission, pod] : [permission]
}

/** Calls that may span all namespaces. Any other call without a namespace is for an object outside namespaces. */
const spanning = ['list', 'watch', 'deletecollection']

type Place = 'namespace' | 'cluster' | 'all-namespaces' | 'open' | 'unknown-kind'

/** Where the refused call belongs. */
function placeOf({ permission, missing }: Refusal, kinds: Kinds): Place {
  if (permission.namespace !== null) return 'namespace'
  const isNamespaced = isNamespacedKind(permission, kinds)
  if (isNamespaced === false || permission.verb === 'impersonate') return 'cluster'
  if (missing.includes('namespace')) return 'open'
  // A namespaced kind that was refused cluster-wide was requested with -A.
  if (isNamespaced) return 'all-namespaces'
  return spanning.includes(permission.verb) && permission.name === '' ? 'unknown-kind' : 'cluster'
}

const placeNotes: Partial<Record<Place, Note>> = {
  'all-namespaces': {
    code: 'all-namespaces',
    sentence: 'The call was for all namespaces at once (-A). Name the namespaces you need instead.',
  },
  open: { code: 'unknown-namespace', sentence: "The message doesn't name the namespace. Choose the namespace." },
  'unknown-kind': {
    code: 'unknown-scope',
    sentence:
      'The call was for the whole cluster. If these objects are in namespaces, name the ones you need; if they are not, a role bound in a namespace can’t grant it.',
  },
}

const clusterNote = (rules: readonly Rule[]): Note => ({
  code: 'cluster-scope',
  sentence: `Objects outside namespaces (${rulesInWords(rules)}) are not included, because a role bound in a namespace can't grant access to them.`,
})

const severalNote = (namespaces: readonly string[], what = 'The refusals name'): Note => ({
  code: 'several-namespaces',
  sentence: `${what} several namespaces: ${namespaces.slice(0, 8).join(', ')}. All rules apply to each of them; request them separately for less access.`,
})

/** The names that the refusals give, where there is one for a resource. */
function namesOf(refusals: readonly Refusal[]): RefusedNames {
  const ofPerson = refusals.filter(({ program }) => program === null).map(({ permission }) => permission)
  const byResource = Map.groupBy(ofPerson, ({ resource, group }) => `${resource}.${group}`)
  const named = [...byResource].map(([key, some]) => [key, [...new Set(some.map(({ name }) => name))]] as const)
  return new Map(named.flatMap(([key, [name = '', ...more]]) => (name && more.length === 0 ? [[key, name]] : [])))
}

function fromRefusal(
  { refusals, notes }: ReturnType<typeof readRefusals>,
  kinds: Kinds,
  known: readonly Rule[],
): Paste | null {
  if (refusals.length === 0 && notes.every(({ code }) => code === 'cut')) return null
  const placed = refusals
    .filter(({ program }) => program === null)
    .map((refusal) => ({ permission: refusal.permission, place: placeOf(refusal, kinds) }))
  const inNamespaces = placed.filter(({ place }) => place !== 'cluster').map(({ permission }) => permission)
  const clusterRules = leastRulesFor(
    placed.filter(({ place }) => place === 'cluster').map(({ permission }) => permission),
  )
  const namespaces = [...new Set(inNamespaces.flatMap(({ namespace }) => namespace ?? []))]
  const rules = leastRulesFor(inNamespaces.flatMap((permission) => withCompanions(permission, known)))
  return {
    ...{ rules, clusterRules, namespaces, context: null },
    notes: uniqueNotes([
      ...notes,
      ...placed.flatMap(({ place }) => placeNotes[place] ?? []),
      ...(namespaces.length > 1 && rules.length > 1 ? [severalNote(namespaces)] : []),
      ...(clusterRules.length > 0 ? [clusterNote(clusterRules)] : []),
    ]),
  }
}

/** The rules of both, without repeating what one of them already covers. */
const combined = (a: readonly Rule[], b: readonly Rule[]) => normalizeRules([...a, ...covers(a, b).uncovered])

/** Notes that a part of the text has on itself, and of which the whole text has one. */
const onWhole = new Set(['several-namespaces', 'cluster-scope', 'all-namespaces'])

function merged(first: Paste, second: Paste): Paste {
  const namespaces = [...new Set([...first.namespaces, ...second.namespaces])]
  const clusterRules = combined(second.clusterRules, first.clusterRules)
  // What one part of the text leaves open, another may say.
  const isOpen = ({ code }: Note) => code !== 'unknown-namespace' || namespaces.length === 0
  const isSaid = ({ code }: Note) => onWhole.has(code) && first.notes.some((note) => note.code === code)
  const own = [...first.notes, ...second.notes.filter((note) => !isSaid(note))].filter(isOpen)
  const others = own.filter(({ code }) => code !== 'cluster-scope' && code !== 'several-namespaces')
  return {
    rules: combined(second.rules, first.rules),
    clusterRules,
    namespaces,
    context: first.context ?? second.context,
    notes: uniqueNotes([
      ...others,
      ...severalContexts([first.context, second.context]),
      ...(namespaces.length > 1 ? [severalNote(namespaces, 'The text names')] : []),
      ...(clusterRules.length > 0 ? [clusterNote(clusterRules)] : []),
    ]),
  }
}

/** Where a refusal starts behind a command on the same line, as a chat joins them, with what separates the two. */
const refusalBehind =
  /(\S)[ \t]+(?:(?:[-–—:|>]|->|=>|→|⇒)[ \t]+)?(?=Error from server\b|[Ee]rror: |[a-z][a-z0-9.]{0,100} (?:["'][^"'\n]{1,253}["'] )?is forbidden:)/g

const mentionsProgram = /\b(?:kubectl|oc|helm|flux|velero|stern|argocd)\b/i

// Only behind a command: a manifest may have such words in a text.
const withLines = (text: string) =>
  text
    .split('\n')
    .map((line) => (mentionsProgram.test(line) ? line.replace(refusalBehind, '$1\n') : line))
    .join('\n')

function fromCommands(text: string, kinds: Kinds, refused: RefusedNames): Paste | null {
  const script = pastedScript(withLines(cleanText(text)), (program, words) =>
    program === 'kubectl' || program === 'oc' ? isKubectlCommand(program, words) : isOtherCommand(program, words),
  )
  const parts = [readKubectl(script, kinds, refused), readOtherPrograms(script)].flatMap((part): Paste[] => {
    if (!part) return []
    const { rules, clusterRules, namespaces, context, notes } = part
    return [{ rules, clusterRules, namespaces, context, notes }]
  })
  if (parts.length === 0) return null
  const all = parts.reduce(merged)
  return { ...all, notes: uniqueNotes([...all.notes, ...scriptNotes(script, text)]) }
}

/** A session whose only refusals are no matter of permissions: its commands need nothing that they do not have. */
const isMatterOfPermissions = ({ rules, clusterRules, notes }: Paste) =>
  rules.length > 0 || clusterRules.length > 0 || !notes.some(({ code }) => isDecidedElsewhere(code))

/**
 * The permissions that a pasted text needs and where it needs them; null where it is neither a refusal nor a command of a
 * cluster program. Never throws.
 * @param kinds the kinds that the clusters serve, where they are known
 */
export function readPaste(text: string, kinds: Kinds = standardKinds): Paste | null {
  const read = readRefusals(text, kinds)
  const command = fromCommands(text, kinds, namesOf(read.refusals))
  const refusal = fromRefusal(read, kinds, command?.rules ?? [])
  if (!refusal || !command) return refusal ?? command
  if (!isMatterOfPermissions(refusal)) return { ...refusal, context: command.context }
  // The refusal names the namespace for certain; the command may have left it to the kubeconfig's context.
  return merged(refusal, command)
}
