// What does somebody need who pastes this? A refusal of the API server, a kubectl command, or both from one terminal.
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'
import { parseForbidden } from './forbidden.ts'
import { type KnownResource, knownResources } from './known-resources.ts'
import { parseKubectl } from './kubectl-line.ts'
import { leastRulesFor, type NeededPermission, type Note } from './needed-permissions.ts'

export type Paste = {
  /** What a role in each of the namespaces must give. */
  rules: Rule[]
  /** What only a binding for the whole cluster gives. */
  clusterRules: Rule[]
  /** Those that the text names; none where it does not say. */
  namespaces: string[]
  /** The context of a kubeconfig, which often has the cluster's name. */
  context: string | null
  notes: Note[]
}

const streams = ['exec', 'attach', 'portforward']

/** The server names only the first right that was missing: what kubectl needs around it, it will miss next. */
function withCompanions(ask: NeededPermission): NeededPermission[] {
  if (ask.group !== '' || ask.resource !== 'pods') return [ask]
  const pod = { ...ask, subresource: '', verb: 'get' }
  // Since 1.35 the server wants create also where an older one was content with get.
  if (streams.includes(ask.subresource)) return [ask, { ...ask, verb: 'create' }, pod]
  return ask.subresource === 'log' ? [ask, pod] : [ask]
}

function isNamespaced({ group, resource }: NeededPermission, known: readonly KnownResource[]): boolean {
  return known.find((one) => one.group === group && one.resource === resource)?.namespaced ?? false
}

function fromRefusal(text: string, known: readonly KnownResource[]): Paste | null {
  const { asks, notes } = parseForbidden(text)
  if (asks.length === 0 && notes.every(({ code }) => code === 'cut')) return null
  // A namespaced kind that was refused for the whole cluster was asked for with -A.
  const isWide = (ask: NeededPermission) => ask.namespace === null && isNamespaced(ask, known)
  const ofNamespace = asks.filter((ask) => ask.namespace !== null || isWide(ask))
  if (asks.some(isWide))
    notes.push({
      code: 'all-namespaces',
      sentence: 'It was asked for in all namespaces at once (-A): name the namespaces you need instead.',
    })
  return {
    rules: leastRulesFor(ofNamespace.flatMap(withCompanions)),
    clusterRules: leastRulesFor(asks.filter((ask) => !ofNamespace.includes(ask))),
    namespaces: [...new Set(ofNamespace.flatMap(({ namespace }) => namespace ?? []))],
    context: null,
    notes,
  }
}

function fromCommand(text: string, known: readonly KnownResource[]): Paste | null {
  const reading = parseKubectl(text, known)
  if (!reading) return null
  const { rules, clusterRules, namespace, context, notes } = reading
  return { rules, clusterRules, namespaces: namespace === null ? [] : [namespace], context, notes }
}

/** The rules of both without saying twice what one says already. */
const together = (a: readonly Rule[], b: readonly Rule[]) => normalizeRules([...a, ...covers(a, b).uncovered])

/**
 * What a paste asks for, with all that is known about where; null where it is neither a refusal nor a kubectl command.
 * `known` is the cluster's own discovery where that is at hand. Never throws.
 */
export function readPaste(text: string, known: readonly KnownResource[] = knownResources): Paste | null {
  const refusal = fromRefusal(text, known)
  const command = fromCommand(text, known)
  if (!refusal || !command) return refusal ?? command
  return {
    rules: together(command.rules, refusal.rules),
    clusterRules: together(command.clusterRules, refusal.clusterRules),
    // The server knows where the call went; the command may have left that to the person's context.
    namespaces: [...new Set([...refusal.namespaces, ...command.namespaces])],
    context: command.context,
    notes: [...new Map([...refusal.notes, ...command.notes].map((note) => [note.sentence, note])).values()],
  }
}
