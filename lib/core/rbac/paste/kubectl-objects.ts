// The permissions that kubectl's commands for objects of any kind need. kubectl.cluster.test.ts confirms each of them
// against the real kubectl and API server: the command works with them, and is refused with one fewer.
import {
  every,
  found,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  resourceFor,
  shown,
  type Target,
  targetsOf,
  usesFiles,
} from './kubectl-target.ts'

const has = (line: Line, flag: string) => {
  const value = line.args.flags.get(flag)
  return value !== undefined && value !== 'false'
}

const isWorkload = (target: Target) => ['deployments', 'statefulsets', 'daemonsets'].includes(target.resource.resource)

function get(line: Line): Need[] {
  const subresource = line.args.flags.get('subresource') ?? ''
  if (line.args.flags.has('raw')) {
    note(line, 'raw', "The permissions that kubectl get --raw needs aren't known.")
    return []
  }
  const isWatch = has(line, 'watch') || has(line, 'watch-only')
  return targetsOf(line).flatMap((target) => [
    found(target, subresource),
    ...(isWatch ? [need('watch', target, subresource)] : []),
  ])
}

function describe(line: Line): Need[] {
  const targets = targetsOf(line)
  if (targets.length > 0) note(line, 'partial', 'kubectl also shows events and related objects where it may list them.')
  return targets.flatMap((target) =>
    target.isOne ? [need('get', target)] : [need('list', target), need('get', target)],
  )
}

/** Finds, then patches: edit, label, annotate, patch, set, taint and some of rollout. */
function patches(line: Line, words: readonly string[] = line.words): Need[] {
  const subresource = line.args.flags.get('subresource') ?? ''
  return targetsOf(line, words).flatMap((target) => [found(target, subresource), need('patch', target, subresource)])
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
  const isConditional = has(line, 'current-replicas') || has(line, 'resource-version')
  return targetsOf(line).flatMap((target) => [
    found(target),
    ...(isConditional
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
  note(line, 'unknown-command', `kubectl rollout ${shown(what)} is not a known command.`)
  return []
}

function remove(line: Line): Need[] {
  return targetsOf(line).flatMap((target) =>
    target.isOne ? [need('delete', target)] : [found(target), need('delete', target)],
  )
}

function apply(line: Line): Need[] {
  const [sub] = line.words
  if (sub === 'view-last-applied' || sub === 'edit-last-applied' || sub === 'set-last-applied') {
    const targets = targetsOf(line, line.words.slice(1))
    return targets.flatMap((target) => [found(target), ...(sub.startsWith('view') ? [] : [need('patch', target)])])
  }
  if (!usesFiles(line)) note(line, 'incomplete', 'kubectl apply needs -f or -k.')
  if (has(line, 'prune'))
    note(line, 'prune', 'With --prune kubectl also lists and deletes objects. These rules do not cover that.')
  const targets = usesFiles(line) ? targetsOf(line) : []
  const isServerSide = has(line, 'server-side')
  if (targets.length > 0 && !isServerSide)
    note(
      line,
      'maybe-less',
      'kubectl needs create only for objects that do not exist yet, and patch only for those that do.',
    )
  return targets.flatMap((target) =>
    isServerSide
      ? [need('patch', target), need('create', target)]
      : [need('get', target), need('create', { ...target, isOne: false }), need('patch', target)],
  )
}

const created: Record<string, [string, string]> = {
  configmap: ['configmaps', ''],
  cm: ['configmaps', ''],
  secret: ['secrets', ''],
  service: ['services', ''],
  svc: ['services', ''],
  serviceaccount: ['serviceaccounts', ''],
  sa: ['serviceaccounts', ''],
  namespace: ['namespaces', ''],
  ns: ['namespaces', ''],
  quota: ['resourcequotas', ''],
  resourcequota: ['resourcequotas', ''],
  deployment: ['deployments', 'apps'],
  deploy: ['deployments', 'apps'],
  cronjob: ['cronjobs', 'batch'],
  cj: ['cronjobs', 'batch'],
  job: ['jobs', 'batch'],
  ingress: ['ingresses', 'networking.k8s.io'],
  ing: ['ingresses', 'networking.k8s.io'],
  poddisruptionbudget: ['poddisruptionbudgets', 'policy'],
  pdb: ['poddisruptionbudgets', 'policy'],
  priorityclass: ['priorityclasses', 'scheduling.k8s.io'],
  role: ['roles', 'rbac.authorization.k8s.io'],
  rolebinding: ['rolebindings', 'rbac.authorization.k8s.io'],
  clusterrole: ['clusterroles', 'rbac.authorization.k8s.io'],
  clusterrolebinding: ['clusterrolebindings', 'rbac.authorization.k8s.io'],
}

function create(line: Line): Need[] {
  if (usesFiles(line)) return targetsOf(line).map((target) => need('create', { ...target, isOne: false }))
  const [what = '', name] = line.words
  if (what === 'token') {
    const account = oneTarget(line, `serviceaccounts/${name ?? ''}`)
    return account ? [need('create', account, 'token')] : []
  }
  const [resource, group] = Object.hasOwn(created, what) ? (created[what] ?? []) : []
  if (resource === undefined) {
    note(line, 'unknown-command', `kubectl create ${shown(what)} is not a known command.`)
    return []
  }
  const from = line.args.flags.get('from')
  const source = from ? oneTarget(line, from) : undefined
  return [...(source ? [need('get', source)] : []), need('create', every(resource, group))]
}

function replace(line: Line): Need[] {
  const isForced = has(line, 'force')
  return targetsOf(line).flatMap((target) =>
    isForced
      ? [need('get', target), need('delete', target), need('create', { ...target, isOne: false })]
      : [need('update', target)],
  )
}

/** Creates another object for an existing one: expose and autoscale. */
const createsFor = (resource: string, group: string) => (line: Line) =>
  targetsOf(line).flatMap((target) => [found(target), need('create', every(resource, group))])

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
  if (what !== 'can-i' || verb === '') return []
  if (type.startsWith('/')) {
    note(
      line,
      'non-resource-path',
      `${shown(type)} is a path of the API server, not a resource. A role bound in a namespace can't grant it.`,
    )
    return []
  }
  const [kind = '', named = name] = type.split('/', 2)
  const resource = resourceFor(line, kind)
  if (!resource || !/^(\*|[a-z][a-z0-9:*-]{0,62})$/.test(verb)) return []
  return [need(verb, { resource, isOne: named !== '', name: named }, line.args.flags.get('subresource') ?? '')]
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
  apply,
  create,
  replace,
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
