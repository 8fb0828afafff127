// The permissions that kubectl commands need. They are the least possible, so that a request asks for no more than is used.
import type { Rule } from '#lib/core/access/rule'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { cleanText, maxCharacters } from './clean-text.ts'
import { readArguments } from './flags.ts'
import { gapOf, hasGap } from './gaps.ts'
import { type Kinds, standardKinds } from './known-resources.ts'
import { kubectlNeeds } from './kubectl-commands.ts'
import { type Line, type Need, note, shown, usesFiles } from './kubectl-target.ts'
import { addManifest } from './manifest-source.ts'
import { isNamespace } from './names.ts'
import { leastRulesFor, type Note, uniqueNotes } from './needed-permissions.ts'
import { isStandIn, maybeStandIn } from './notation.ts'
import type { RefusedNames } from './object-name.ts'
import { openShiftCommands, withoutAdm } from './openshift-commands.ts'
import type { Program } from './programs.ts'
import { type Invocation, type PastedScript, pastedScript } from './script.ts'
import type { Command } from './shell-state.ts'

export type KubectlReading = {
  /** What a Role in the namespace must grant. */
  rules: Rule[]
  /** What only a ClusterRoleBinding can grant: permissions for objects outside namespaces. */
  clusterRules: Rule[]
  /** The namespace that the command names; null where kubectl takes that of its context. */
  namespace: string | null
  /** `-A` */
  allNamespaces: boolean
  context: string | null
  notes: Note[]
}

/** All namespaces of the commands; `KubectlReading` has the first of them. */
export type CommandReading = Omit<KubectlReading, 'namespace'> & { namespaces: string[] }

type Reader = (line: Line) => Need[]

const ocNeeds: Record<string, Reader> = { ...kubectlNeeds, ...openShiftCommands }

const commandsOf = (program: Program) => (program === 'oc' ? ocNeeds : kubectlNeeds)

/** Whether the words are a command of kubectl or oc: what else mentions kubectl in a sentence is not one. */
export const isKubectlCommand = (program: Program, words: readonly string[]): boolean =>
  Object.hasOwn(commandsOf(program), withoutAdm(readArguments(words)).positional[0] ?? '')

/** Where kubectl acts unless a command says otherwise: an earlier command of the script may have set it. */
type Place = { namespace: string | undefined; context: string | null }

/** English words behind a command in a sentence: `kubectl get pods and tell me`. No object has such a name. */
const proseWord =
  /^(?:and|then|to|in|for|with|from|which|that|but|because|when|if|is|are|was|were|should|fails?|failed|returns?|shows?|says|or|the|please|it|i|we|you|so|after|before|on|as|where)$/i

/** Reads one command: its needs, and the notes on what it leaves open. */
function readLine(
  { program, words, command }: Invocation,
  script: PastedScript,
  kinds: Kinds,
  lines: Map<Command, Line>,
  refused: RefusedNames | undefined,
) {
  const args = program === 'oc' ? withoutAdm(readArguments(words)) : readArguments(words)
  const prose = args.positional.findIndex((word, n) => n > 1 && proseWord.test(word))
  const positional = prose < 0 ? args.positional : args.positional.slice(0, prose)
  const [name = '', ...rest] = positional
  const line: Line = {
    ...{ command: name.toLowerCase(), args: { ...args, positional }, gaps: command.gaps, kinds },
    words: rest.filter((word) => !isOptional(word, command.gaps)),
    ...{ manifest: null, piped: null, notes: [], namespaces: [], printed: [], refused },
  }
  if (prose >= 0)
    note(line, 'ends-in-sentence', `The command was read up to “${shown(line, args.positional[prose] ?? '')}”.`)
  lines.set(command, line)
  if (usesFiles(line)) addManifest(line, command, script, lines)
  const readers = commandsOf(program)
  const run = Object.hasOwn(readers, line.command) ? readers[line.command] : undefined
  if (!run) noteUnknown(line, program, name)
  return { line, needs: run ? run(line) : [] }
}

/** `[flags]` and the like: words that may be missing. */
const isOptional = (word: string, gaps: Line['gaps']) => gapOf(word, gaps)?.isRest === true

function noteUnknown(line: Line, program: Program, name: string) {
  const sentence =
    name === ''
      ? `The command after ${program} is missing.`
      : hasGap(name) || isStandIn(name)
        ? `${shown(line, name)} is a placeholder for the command. Replace it with the command, such as get.`
        : `${program} ${shown(line, name)} is not a known command, so its permissions aren't known. A plugin needs what its author documents.`
  note(line, 'unknown-command', sentence)
}

/** The namespace of the flag: a name, '' where it is left open, undefined without the flag. */
function namespaceOf(line: Line, place: Place): string | undefined {
  const given = line.args.flags.get('namespace')
  if (given === undefined) return place.namespace
  const name = given.toLowerCase()
  if (isNamespace(name) && given === name && !isStandIn(given) && given !== 'ns') {
    if (maybeStandIn(given))
      note(line, 'maybe-placeholder', `${given} was read as the namespace. Replace it if it is a placeholder.`)
    return given
  }
  return ''
}

/** The namespaces in which a command acts. Objects of other namespaces come from its manifest or its own words. */
function placesOf(line: Line, needs: readonly Need[], place: Place): string[] {
  const given = namespaceOf(line, place)
  const own = needs.flatMap(({ namespace }) => namespace ?? [])
  const isElsewhere = needs.length > 0 && own.length === needs.length
  const inManifest = (line.manifest ?? []).flatMap(({ namespace }) => namespace ?? [])
  const names = [...(isElsewhere ? [] : [given]), ...line.namespaces, ...own, ...inManifest]
  const isOpen = names.some((name) => name !== undefined && !isNamespace(name))
  const needsOne = needs.some(({ resource, namespace }) => resource.namespaced && namespace === undefined)
  if (isOpen && (needsOne || needs.length === 0)) {
    const open = [...line.namespaces, ...inManifest].find((name) => !isNamespace(name))
    const label = shown(line, given === '' ? (line.args.flags.get('namespace') ?? '') : (open ?? ''))
    note(
      line,
      'unknown-namespace',
      `${label || 'The namespace'} is a placeholder for the namespace. Choose the namespace.`,
    )
  }
  return [...new Set(names.filter((name) => name !== undefined && isNamespace(name)) as string[])]
}

/** What a command changes for the commands behind it: `kubectl config use-context`, `oc project`. */
function movedTo(line: Line, program: Program, place: Place): Place {
  const [what = '', ...names] = line.words
  const valid = (name: string | undefined) => (name !== undefined && isNamespace(name) ? name : undefined)
  if (program === 'oc' && (line.command === 'project' || line.command === 'new-project'))
    return { ...place, namespace: valid(what) ?? place.namespace }
  if (line.command !== 'config') return place
  if (what === 'use-context') return { ...place, context: contextOf(line, names[0]) }
  if (what !== 'set-context') return place
  return { ...place, namespace: valid(line.args.flags.get('namespace')) ?? place.namespace }
}

const contextOf = (line: Line, word: string | undefined): string | null =>
  word === undefined || word === '' || hasGap(word) || isStandIn(word) ? null : shown(line, word)

/** A paste fills one form, for one cluster. */
export const severalContexts = (contexts: readonly (string | null)[]): Note[] => {
  const names = [...new Set(contexts.filter((context) => context !== null))]
  const sentence = `The commands name several contexts: ${names.slice(0, 8).join(', ')}. Request access to each cluster separately.`
  return names.length > 1 ? [{ code: 'several-contexts', sentence }] : []
}

function manyNotes(read: readonly { line: Line; places: string[] }[], namespaces: readonly string[]): Note[] {
  const notes: Note[] = []
  const has = (flag: string) => read.some(({ line }) => line.args.flags.has(flag))
  if (namespaces.length > 1)
    notes.push({
      code: 'several-namespaces',
      sentence: `The commands name several namespaces: ${namespaces.slice(0, 8).join(', ')}. All rules apply to each of them; request them separately for less access.`,
    })
  const isOpen = ({ line, places }: (typeof read)[number]) =>
    places.length === 0 && line.args.flags.get('namespace') === undefined
  if (
    namespaces.length > 0 &&
    read.some((one) => isOpen(one) && one.line.notes.length === 0 && one.line.command !== 'config')
  )
    notes.push({
      code: 'context-namespace',
      sentence: `Commands without -n use the namespace of your kubeconfig's context, which may be another one than ${namespaces[0]}.`,
    })
  if (read.some(({ line }) => line.args.flags.get('all-namespaces') === 'true'))
    notes.push({
      code: 'all-namespaces',
      sentence: 'With -A kubectl reads all namespaces in one call. Leave that out and name the namespaces you need.',
    })
  if (has('as') || has('as-group'))
    notes.push({ code: 'impersonation', sentence: 'These rules do not cover impersonation (--as).' })
  return notes
}

/** One command that runs once. */
const isSingle = ({ invocations, isRepeated }: PastedScript) => invocations.length === 1 && !isRepeated

const rulesFor = (needs: readonly Need[]) =>
  leastRulesFor(needs.map((one) => ({ ...one, group: one.resource.group, resource: one.resource.resource })))

/**
 * Reads the kubectl commands of a script; null where it has none.
 * @param refused the names of a refusal in the same paste. Of several commands it is not known which one was refused.
 */
export function readKubectl(script: PastedScript, kinds: Kinds, refused?: RefusedNames): CommandReading | null {
  const invocations = script.invocations.filter(({ program }) => program === 'kubectl' || program === 'oc')
  if (invocations.length === 0) return null
  const lines = new Map<Command, Line>()
  let place: Place = { namespace: undefined, context: null }
  const read = invocations.map((invocation) => {
    const { line, needs } = readLine(invocation, script, kinds, lines, isSingle(script) ? refused : undefined)
    const places = placesOf(line, needs, place)
    const context = contextOf(line, line.args.flags.get('context')) ?? place.context
    place = movedTo(line, invocation.program, place)
    return { line, needs, places, context }
  })
  const namespaces = [...new Set(read.flatMap(({ places }) => places))]
  const needs = read.flatMap((one) => one.needs)
  const contexts = severalContexts(read.map(({ context }) => context))
  const notes = [...read.flatMap(({ line }) => line.notes), ...manyNotes(read, namespaces), ...contexts]
  const clusterRules = rulesFor(needs.filter(({ resource }) => !resource.namespaced))
  if (clusterRules.length > 0)
    notes.push({
      code: 'cluster-scope',
      sentence: `Objects outside namespaces (${rulesInWords(clusterRules)}) are not included, because a role bound in a namespace can't grant access to them.`,
    })
  return {
    rules: rulesFor(needs.filter(({ resource }) => resource.namespaced)),
    clusterRules,
    namespaces,
    allNamespaces: read.some(({ line }) => line.args.flags.get('all-namespaces') === 'true'),
    context: read.map(({ context }) => context).find((context) => context !== null) ?? place.context,
    notes: uniqueNotes(notes),
  }
}

/**
 * Reads the kubectl commands of a paste, with manifests below them or in here-documents, and returns the smallest rules
 * with which all of them work; null where there is no kubectl command. Never throws. NB: the text is untrusted; nothing of
 * it is run, the result only fills a form, and a submitted form is judged like any other request.
 */
export function parseKubectl(text: string, kinds: Kinds = standardKinds): KubectlReading | null {
  const script = pastedScript(cleanText(text), isKubectlCommand)
  const reading = readKubectl(script, kinds)
  if (!reading) return null
  const { namespaces, ...rest } = reading
  const notes = uniqueNotes([...rest.notes, ...scriptNotes(script, text)])
  return { ...rest, namespace: namespaces[0] ?? null, notes }
}

/** What of the text was not read. */
export function scriptNotes({ isCut, mentioned }: PastedScript, text: string): Note[] {
  const notes: Note[] = mentioned.slice(0, 5).map((command) => ({
    code: 'mentioned',
    sentence: `The text also mentions “${command.slice(0, 120)}”, which was not read as a command. Put it on a line of its own to include it.`,
  }))
  if (isCut) notes.push({ code: 'cut', sentence: 'The text has more commands than are read. Paste it in parts.' })
  else if (text.length > maxCharacters)
    notes.push({ code: 'cut', sentence: `Only the first ${maxCharacters} characters were read.` })
  return notes
}
