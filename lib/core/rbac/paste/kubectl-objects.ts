// The permissions that kubectl's commands for objects of any kind need. kubectl.cluster.test.ts confirms each of them
// against the real kubectl and API server: the command works with them, and is refused with one fewer.
import { isServedBelow } from './known-resources.ts'
import { reconcile } from './kubectl-files.ts'
import { rawNeeds } from './kubectl-raw.ts'
import {
  every,
  found,
  isClientDryRun,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  resourceFor,
  shown,
  type Target,
  targetsOf,
} from './kubectl-target.ts'
import { isObjectName, isVerb } from './names.ts'
import { isStandIn } from './notation.ts'
import { nameOf } from './object-name.ts'

const has = (line: Line, flag: string) => {
  const value = line.args.flags.get(flag)
  return value !== undefined && value !== 'false'
}

const isWorkload = (target: Target) => ['deployments', 'statefulsets', 'daemonsets'].includes(target.resource.resource)

/** `kubectl get pods ...`: what is left out may be a name, or flags for a list. */
const isElided = (line: Line) => line.words.some((word) => /^(?:\.{3,}|…)$/.test(word))

function get(line: Line): Need[] {
  const subresource = line.args.flags.get('subresource') ?? ''
  if (line.args.flags.has('raw')) return rawNeeds(line)
  const isWatch = has(line, 'watch') || has(line, 'watch-only')
  const isOpen = isElided(line)
  line.printed = targetsOf(line)
  return line.printed.flatMap((target) => [
    found(target, subresource),
    ...(isOpen ? [need('list', { ...target, isOne: false })] : []),
    ...(isWatch ? [need('watch', target, subresource)] : []),
  ])
}

function describe(line: Line): Need[] {
  const targets = targetsOf(line)
  if (targets.length > 0) note(line, 'partial', 'kubectl also shows events and related objects where it may list them.')
  const isOpen = isElided(line)
  return targets.flatMap((target) => [
    need('get', target),
    ...(target.isOne && !isOpen ? [] : [need('list', { ...target, isOne: false })]),
  ])
}

/** Finds, then patches: edit, label, annotate, patch, set, taint and some of rollout. */
function patches(line: Line, words: readonly string[] = line.words): Need[] {
  const subresource = line.args.flags.get('subresource') ?? ''
  const isOnlyRead = isClientDryRun(line) || has(line, 'local')
  return targetsOf(line, words).flatMap((target) => [
    found(target, subresource),
    ...(isOnlyRead ? [] : [need('patch', target, subresource)]),
  ])
}

// `key=value` sets and `key-` removes. No name ends in a dash.
const isSetting = (word: string) => word.includes('=') || word.endsWith('-')

function marks(line: Line): Need[] {
  const words = line.words.filter((word) => !isSetting(word))
  return has(line, 'list') ? targetsOf(line, words).map((target) => found(target)) : patches(line, words)
}

function set(line: Line): Need[] {
  const [what = '', ...words] = line.words
  const names = words.filter((word) => !isSetting(word))
  if (has(line, 'local')) return []
  // The last word of `set serviceaccount` is the ServiceAccount.
  const targets = what === 'serviceaccount' || what === 'sa' ? names.slice(0, -1) : names
  const from = line.args.flags.get('from')
  const source = what === 'env' && from ? oneTarget(line, from) : undefined
  if (has(line, 'list')) return targetsOf(line, targets).map((target) => found(target))
  return [...(source ? [need('get', source)] : []), ...patches(line, targets)]
}

function scale(line: Line): Need[] {
  const isLimited = (target: Target) => isServedBelow(line.kinds, target.resource, 'scale') === false
  const isConditional = has(line, 'current-replicas') || has(line, 'resource-version')
  const targets = targetsOf(line)
  for (const { resource } of targets.filter(isLimited))
    note(
      line,
      'not-served',
      `The cluster doesn't serve ${resource.resource}/scale, so kubectl scale can't change these.`,
    )
  return targets.flatMap((target) => [
    found(target),
    ...(isClientDryRun(line)
      ? []
      : isConditional
        ? [need('get', target, 'scale'), need('update', target, 'scale')]
        : [need('patch', target, 'scale')]),
  ])
}

const olderClients = 'kubectl before 1.35 also needs the verb list, because it lists before it watches.'

function rollout(line: Line): Need[] {
  const [what = '', ...words] = line.words
  if (['restart', 'pause', 'resume'].includes(what)) return patches(line, words)
  const targets = targetsOf(line, words)
  // A Deployment keeps its history in ReplicaSets, the others in ControllerRevisions.
  const history = (target: Target): Need => {
    const resource = target.resource.resource === 'deployments' ? 'replicasets' : 'controllerrevisions'
    return need('list', every(resource, 'apps'))
  }
  if (what === 'status') {
    note(line, 'older-clients', olderClients)
    return targets.flatMap((target) => [found(target), need('watch', target)])
  }
  if (what === 'history') return targets.filter(isWorkload).flatMap((target) => [found(target), history(target)])
  if (what === 'undo')
    return targets.filter(isWorkload).flatMap((target) => [found(target), history(target), need('patch', target)])
  note(line, 'unknown-command', `kubectl rollout ${shown(line, what)} is not a known command.`)
  return []
}

function remove(line: Line): Need[] {
  if (line.args.flags.has('raw')) return rawNeeds(line)
  const isOnlyRead = isClientDryRun(line)
  return targetsOf(line).flatMap((target) => [
    ...(target.isOne ? [] : [found(target)]),
    ...(isOnlyRead ? [] : [need('delete', target)]),
  ])
}

/** Creates another object for an existing one: expose and autoscale. */
const createsFor = (resource: string, group: string) => (line: Line) => {
  const { name = '' } = Object.fromEntries(line.args.flags)
  line.printed = [{ ...every(resource, group), isOne: true, name: isObjectName(name) ? name : '' }]
  const created = isClientDryRun(line) ? [] : [need('create', every(resource, group))]
  return targetsOf(line).flatMap((target) => [found(target), ...created])
}

function wait(line: Line): Need[] {
  if (line.args.flags.get('for') !== 'delete') note(line, 'older-clients', olderClients)
  return targetsOf(line).flatMap((target) => [found(target), need('watch', target)])
}

function events(line: Line): Need[] {
  const target = every('events')
  return [need('list', target), ...(has(line, 'watch') ? [need('watch', target)] : [])]
}

/** `auth can-i VERB TYPE[/NAME]`: the permission in question. The command itself needs none. */
function auth(line: Line): Need[] {
  const [what = '', verb = '', type = '', name = ''] = line.words
  if (what === 'reconcile') return reconcile(line)
  if (what !== 'can-i' || verb === '') return []
  if (type.startsWith('/')) {
    note(
      line,
      'non-resource-path',
      `${shown(line, type)} is a path of the API server, not a resource. A role bound in a namespace can't grant it.`,
    )
    return []
  }
  const [kind = '', named = name] = type.split('/', 2)
  const resource = resourceFor(line, kind)
  if (!isVerb(verb) || isStandIn(verb)) {
    note(line, 'unknown-verb', `${shown(line, verb)} is not a verb. Replace it with one, such as get or list.`)
    return []
  }
  if (!resource) return []
  const target = { resource, isOne: named !== '', name: named === '' ? '' : nameOf(line, resource, named) }
  return [need(verb, target, line.args.flags.get('subresource') ?? '')]
}

const nothing = () => []

/** By command. */
export const objectCommands: Record<string, (line: Line) => Need[]> = {
  get,
  describe,
  patch: patches,
  edit: patches,
  label: marks,
  annotate: marks,
  taint: marks,
  set,
  scale,
  rollout,
  delete: remove,
  expose: createsFor('services', ''),
  autoscale: createsFor('horizontalpodautoscalers', 'autoscaling'),
  wait,
  events,
  auth,
  explain: nothing,
  'api-resources': nothing,
  'api-versions': nothing,
  version: nothing,
  config: nothing,
  completion: nothing,
  options: nothing,
  plugin: nothing,
  kustomize: nothing,
  help: nothing,
}
