// The permissions that a pasted text needs: an API server's refusal, a kubectl command, or a terminal session with both.
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'
import { parseForbidden } from './forbidden.ts'
import { isNamespaced } from './known-resources.ts'
import { parseKubectl } from './kubectl-line.ts'
import { leastRulesFor, type NeededPermission, type Note, uniqueNotes } from './needed-permissions.ts'

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

/** The server names only the first missing permission. This adds those that kubectl would be refused next. */
function withCompanions(permission: NeededPermission): NeededPermission[] {
  if (permission.group !== '' || permission.resource !== 'pods') return [permission]
  const pod = { ...permission, subresource: '', verb: 'get' }
  // From 1.35 the server requires `create` where an older one accepted `get`.
  if (streams.includes(permission.subresource)) return [permission, { ...permission, verb: 'create' }, pod]
  return permission.subresource === 'log' ? [permission, pod] : [permission]
}

function fromRefusal(text: string): Paste | null {
  const { permissions, notes } = parseForbidden(text)
  if (permissions.length === 0 && notes.every(({ code }) => code === 'cut')) return null
  // A namespaced kind that was refused cluster-wide was requested with -A.
  const isAllNamespaces = (one: NeededPermission) => one.namespace === null && isNamespaced(one)
  const inNamespaces = permissions.filter((one) => one.namespace !== null || isAllNamespaces(one))
  if (permissions.some(isAllNamespaces))
    notes.push({
      code: 'all-namespaces',
      sentence: 'The call was for all namespaces at once (-A). Name the namespaces you need instead.',
    })
  return {
    rules: leastRulesFor(inNamespaces.flatMap(withCompanions)),
    clusterRules: leastRulesFor(permissions.filter((one) => !inNamespaces.includes(one))),
    namespaces: [...new Set(inNamespaces.flatMap(({ namespace }) => namespace ?? []))],
    context: null,
    notes,
  }
}

function fromCommand(text: string): Paste | null {
  const command = parseKubectl(text)
  if (!command) return null
  const { rules, clusterRules, namespace, context, notes } = command
  return { rules, clusterRules, namespaces: namespace === null ? [] : [namespace], context, notes }
}

/** The rules of both, without repeating what one of them already covers. */
const combined = (a: readonly Rule[], b: readonly Rule[]) => normalizeRules([...a, ...covers(a, b).uncovered])

/**
 * The permissions that a pasted text needs and where it needs them; null where it is neither a refusal nor a kubectl
 * command. Never throws.
 */
export function readPaste(text: string): Paste | null {
  const refusal = fromRefusal(text)
  const command = fromCommand(text)
  if (!refusal || !command) return refusal ?? command
  return {
    rules: combined(command.rules, refusal.rules),
    clusterRules: combined(command.clusterRules, refusal.clusterRules),
    // The refusal names the namespace for certain; the command may have left it to the kubeconfig's context.
    namespaces: [...new Set([...refusal.namespaces, ...command.namespaces])],
    context: command.context,
    notes: uniqueNotes([...refusal.notes, ...command.notes]),
  }
}
