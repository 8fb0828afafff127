// The permissions of the kubectl commands that write objects from files, and of those that create an object by flags.
// kubectl.cluster.test.ts confirms them against the real kubectl and API server.

import { rawNeeds } from './kubectl-raw.ts'
import {
  builtin,
  every,
  found,
  isClientDryRun,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  shown,
  type Target,
  targetsOf,
  usesFiles,
} from './kubectl-target.ts'
import { isObjectName } from './names.ts'

const has = (line: Line, flag: string) => {
  const value = line.args.flags.get(flag)
  return value !== undefined && value !== 'false'
}

/**
 * An object that does not exist yet has no name that a rule could restrict. Server-side apply is an exception, because its
 * create is authorized with the name, but Postern refuses every create by resourceNames: a plain create never works with it.
 */
const asNew = (target: Target): Target => ({ ...target, isOne: false })

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
  line.printed = targets
  if (isClientDryRun(line)) return targets.map((target) => need('get', target))
  const isServerSide = has(line, 'server-side')
  if (targets.length > 0)
    note(
      line,
      'maybe-less',
      'kubectl needs create only for objects that do not exist yet, and patch only for those that do.',
    )
  return targets.flatMap((target) => [
    ...(isServerSide ? [] : [need('get', target)]),
    need('create', asNew(target)),
    need('patch', target),
  ])
}

function diff(line: Line): Need[] {
  if (!usesFiles(line)) note(line, 'incomplete', 'kubectl diff needs -f or -k.')
  const targets = usesFiles(line) ? targetsOf(line) : []
  if (targets.length > 0)
    note(line, 'new-objects', 'For objects that do not exist yet kubectl diff also needs the verb create.')
  return targets.flatMap((target) => [need('get', target), need('patch', target)])
}

const rbac = 'rbac.authorization.k8s.io'

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
  pc: ['priorityclasses', 'scheduling.k8s.io'],
  role: ['roles', rbac],
  rolebinding: ['rolebindings', rbac],
  clusterrole: ['clusterroles', rbac],
  clusterrolebinding: ['clusterrolebindings', rbac],
  // OpenShift's oc.
  route: ['routes', 'route.openshift.io'],
  deploymentconfig: ['deploymentconfigs', 'apps.openshift.io'],
  dc: ['deploymentconfigs', 'apps.openshift.io'],
  build: ['buildconfigs', 'build.openshift.io'],
  imagestream: ['imagestreams', 'image.openshift.io'],
  is: ['imagestreams', 'image.openshift.io'],
}

/** `generic`, `clusterip` and the like stand between the kind and the name. */
const hasSubtype = new Set(['secret', 'service', 'svc', 'route'])

function create(line: Line): Need[] {
  if (line.args.flags.has('raw')) return rawNeeds(line)
  if (usesFiles(line)) {
    line.printed = targetsOf(line)
    return isClientDryRun(line) ? [] : line.printed.map((target) => need('create', asNew(target)))
  }
  const [what = '', ...names] = line.words
  if (what === 'token') {
    const account = oneTarget(line, `serviceaccounts/${names[0] ?? ''}`)
    return account ? [need('create', account, 'token')] : []
  }
  const [resource, group] = Object.hasOwn(created, what) ? (created[what] ?? []) : []
  if (resource === undefined) {
    note(line, 'unknown-command', `kubectl create ${shown(line, what)} is not a known command.`)
    return []
  }
  const name = names[hasSubtype.has(what) ? 1 : 0] ?? ''
  line.printed = [{ resource: builtin(resource, group), isOne: true, name: isObjectName(name) ? name : '' }]
  const from = line.args.flags.get('from')
  const source = from ? oneTarget(line, from) : undefined
  return [
    ...(source ? [need('get', source)] : []),
    ...(isClientDryRun(line) ? [] : [need('create', every(resource, group))]),
  ]
}

function replace(line: Line): Need[] {
  if (line.args.flags.has('raw')) return rawNeeds(line)
  if (isClientDryRun(line)) return []
  const isForced = has(line, 'force')
  return targetsOf(line).flatMap((target) =>
    isForced ? [need('get', target), need('delete', target), need('create', asNew(target))] : [need('update', target)],
  )
}

const roleKinds = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings']

/** Roles and bindings are read, and created or updated where they differ. */
export function reconcile(line: Line): Need[] {
  note(
    line,
    'escalation',
    'Kubernetes refuses a role or binding with more permissions than its author holds, unless a role allows escalate or bind.',
  )
  const all = usesFiles(line) ? targetsOf(line) : []
  const targets = all.filter(({ resource }) => resource.group === rbac)
  const some =
    line.manifest || line.piped ? targets : roleKinds.map((kind): Target => ({ ...every(kind, rbac), isOne: true }))
  return some.flatMap((target) =>
    isClientDryRun(line)
      ? [need('get', target)]
      : [need('get', target), need('create', asNew(target)), need('update', target)],
  )
}

/** By command. */
export const fileCommands: Record<string, (line: Line) => Need[]> = { apply, diff, create, replace }
