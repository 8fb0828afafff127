// The permissions that kubectl commands need. They are the least possible, so that a request asks for no more than is used.
import type { Rule } from '#lib/core/access/rule'
import { readArguments } from './flags.ts'
import { objectCommands } from './kubectl-objects.ts'
import { podCommands } from './kubectl-pods.ts'
import { type Line, type Need, note, shown, usesFiles } from './kubectl-target.ts'
import { objectsOf } from './manifest-objects.ts'
import { isNamespace } from './names.ts'
import { leastRulesFor, type Note, uniqueNotes } from './needed-permissions.ts'
import { maxCharacters } from './readings.ts'
import { type Command, commandsOf } from './shell-words.ts'

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

const maxCommands = 20
const maxMentioningLines = 500

const programs = new Set(['kubectl', 'kubectl.exe', 'k', 'kc', 'kubecolor', 'oc', 'microk8s.kubectl'])

/** Programs that run the command behind them. */
const wrappers = new Set([
  'sudo',
  'doas',
  'env',
  'time',
  'command',
  'exec',
  'nohup',
  'watch',
  'xargs',
  'k3s',
  'microk8s',
])

/** A shell prompt in front of the command. */
const prompt = /^([$#%>❯➜»]|.{0,100}[@:].{0,100}[$#%>❯])$/u

/** The words behind `kubectl`, with or without a wrapper in front of it; undefined for another program. */
function kubectlWords(words: readonly string[]): string[] | undefined {
  let n = 0
  while (n < words.length && prompt.test(words[n] ?? '')) n++
  let isWrapped = false
  for (; n < words.length; n++) {
    const word = words[n] ?? ''
    const program = word.slice(word.lastIndexOf('/') + 1)
    if (programs.has(program)) return words.slice(n + 1)
    if (wrappers.has(word) || /^[A-Za-z_]\w{0,100}=/.test(word)) isWrapped = true
    // A wrapper has flags and values of its own: `sudo -u root`, `watch -n 2`.
    else if (!isWrapped || n > 12) return undefined
  }
  return undefined
}

const kubectlCommands: Record<string, (line: Line) => Need[]> = { ...objectCommands, ...podCommands }

/**
 * The commands inside other words, as in a chat: from `kubectl` to the end of the line or to the closing backquote. Each
 * line is read separately, so that an apostrophe in one line does not hide the next.
 */
function mentionedCommands(text: string): Command[] {
  return text
    .split('\n')
    .slice(0, maxMentioningLines)
    .flatMap((line) => {
      const [, quote = '', rest = ''] = line.match(/(?:^|[\s("'])(`?)kubectl\s(.*)/) ?? []
      const [command] = commandsOf(`kubectl ${quote === '' ? rest : rest.split('`', 1)[0]}`)
      const [name = ''] = command ? readArguments(command.words.slice(1)).positional : []
      return command && Object.hasOwn(kubectlCommands, name) ? [command] : []
    })
}

function readCommand(command: Command, words: string[], pasted: string) {
  const args = readArguments(words)
  const [name = '', ...rest] = args.positional
  const line: Line = { command: name, words: rest, args, manifest: null, notes: [], namespace: null }
  // A here-document belongs to its command or to the one it is piped into. YAML below the command belongs to it as well.
  if (usesFiles(line)) line.manifest = objectsOf(command.input || pasted)
  const run = Object.hasOwn(kubectlCommands, name) ? kubectlCommands[name] : undefined
  if (!run) note(line, 'unknown-command', `kubectl ${shown(name)} is not a known command.`)
  const needs = run ? run(line) : []
  return { line, needs }
}

/** Splits off the manifest: from the first line that starts one to the end of the paste. */
function splitManifest(text: string): { script: string; manifest: string } {
  const start = text.search(/^(---|apiVersion:|kind:|\{)/m)
  return start < 0 ? { script: text, manifest: '' } : { script: text.slice(0, start), manifest: text.slice(start) }
}

const first = <T>(values: readonly (T | null | undefined)[]): T | null =>
  values.find((value) => value !== null && value !== undefined) ?? null

function namespacesOf(line: Line): string[] {
  const given = line.args.flags.get('namespace') ?? line.namespace
  const inManifest = (line.manifest ?? []).map(({ namespace }) => namespace)
  return [given, ...inManifest].filter((name) => name !== null && name !== undefined && isNamespace(name)) as string[]
}

/**
 * Reads the kubectl commands of a paste, with a manifest below them or in a here-document, and returns the smallest rules
 * with which all of them work; null where there is no kubectl command. Never throws. NB: the text is untrusted; nothing of
 * it is run, the result only fills a form, and a submitted form is judged like any other request.
 */
export function parseKubectl(text: string): KubectlReading | null {
  const head = text.slice(0, maxCharacters)
  const hasHereDocument = /<<-?\s{0,10}['"]?\w/.test(head)
  const { script, manifest } = hasHereDocument ? { script: head, manifest: '' } : splitManifest(head)
  const commands = commandsOf(script)
  const pasted = manifest || (commands.find(({ input }) => input !== '')?.input ?? '')
  const kubectlLines = (candidates: readonly Command[]) =>
    candidates.flatMap((command) => {
      const words = kubectlWords(command.words)
      return words ? [{ command, words }] : []
    })
  const typed = kubectlLines(commands)
  const lines = typed.length > 0 ? typed : kubectlLines(mentionedCommands(script))
  if (lines.length === 0) return null
  const read = lines.slice(0, maxCommands).map(({ command, words }) => readCommand(command, words, pasted))
  const notes = read.flatMap(({ line }) => line.notes)
  const namespaces = [...new Set(read.flatMap(({ line }) => namespacesOf(line)))]
  const allNamespaces = read.some(({ line }) => line.args.flags.get('all-namespaces') === 'true')
  if (namespaces.length > 1)
    notes.push({
      code: 'several-namespaces',
      sentence: `The commands name several namespaces: ${namespaces.slice(0, 8).join(', ')}.`,
    })
  if (allNamespaces)
    notes.push({
      code: 'all-namespaces',
      sentence: 'With -A kubectl reads all namespaces in one call. Leave that out and name the namespaces you need.',
    })
  if (read.some(({ line }) => line.args.flags.has('as') || line.args.flags.has('as-group')))
    notes.push({ code: 'impersonation', sentence: 'These rules do not cover impersonation (--as).' })
  const needs = read.flatMap((one) => one.needs)
  const clusterRules = rulesFor(needs.filter(({ resource }) => !resource.namespaced))
  if (clusterRules.length > 0)
    notes.push({
      code: 'cluster-scope',
      sentence: "Some of these objects are outside namespaces. A role bound in a namespace can't grant access to them.",
    })
  return {
    rules: rulesFor(needs.filter(({ resource }) => resource.namespaced)),
    clusterRules,
    namespace: namespaces[0] ?? null,
    allNamespaces,
    context: first(read.map(({ line }) => line.args.flags.get('context'))),
    notes: uniqueNotes(notes),
  }
}

const rulesFor = (needs: readonly Need[]) =>
  leastRulesFor(needs.map((one) => ({ ...one, group: one.resource.group, resource: one.resource.resource })))
