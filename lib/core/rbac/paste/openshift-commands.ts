// The permissions of the commands that OpenShift's oc adds to kubectl's. Source: the commands' code in
// github.com/openshift/oc/pkg/cli; there is no OpenShift to confirm them against.
import type { Arguments } from './flags.ts'
import { kubectlNeeds } from './kubectl-commands.ts'
import { every, type Line, type Need, need, note, oneTarget, shown, targetsFor, targetsOf } from './kubectl-target.ts'

const first = (line: Line) => line.words[0] ?? ''

/** `oc adm drain` and its like are kubectl's commands. */
export function withoutAdm(args: Arguments): Arguments {
  const [adm, ...positional] = args.positional
  return adm === 'adm' && Object.hasOwn(kubectlNeeds, positional[0] ?? '') ? { ...args, positional } : args
}

const exec = (line: Line): Need[] => kubectlNeeds.exec?.(line) ?? []

/** `oc rsync ./dir pod:/dir` */
function rsync(line: Line): Need[] {
  const remote = line.words.find((word) => word.includes(':')) ?? ''
  return exec({ ...line, words: [remote.split(':', 1)[0] ?? ''] })
}

function project(line: Line): Need[] {
  const name = first(line)
  if (name === '') return []
  const target = oneTarget(line, name, 'projects.project.openshift.io')
  return target ? [need('get', target)] : []
}

function startBuild(line: Line): Need[] {
  const isBinary = ['from-dir', 'from-file', 'from-repo'].some((flag) => line.args.flags.has(flag))
  const configs = targetsFor(line, first(line), 'buildconfigs.build.openshift.io')
  return configs.map((target) => need('create', target, isBinary ? 'instantiatebinary' : 'instantiate'))
}

function rollout(line: Line): Need[] {
  if (first(line) !== 'latest') return kubectlNeeds.rollout?.(line) ?? []
  const word = line.words[1] ?? ''
  const configs = targetsFor(line, word, 'deploymentconfigs.apps.openshift.io')
  return configs.flatMap((target) => [need('get', target), need('create', target, 'instantiate')])
}

function expose(line: Line): Need[] {
  const targets = targetsOf(line)
  const isService = targets.some(({ resource }) => resource.resource === 'services')
  const made = isService ? every('routes', 'route.openshift.io') : every('services')
  return targets.flatMap((target) => [need('get', target), need('create', made)])
}

/** `oc adm policy add-role-to-user view jane`: reads the bindings and writes one. */
function policy(line: Line, words: readonly string[] = line.words): Need[] {
  const [what = ''] = words
  const [, action, cluster] = /^(add|remove)-(cluster-)?(?:role|scc)-(?:to|from)-(?:user|group)$/.exec(what) ?? []
  if (!action) {
    note(line, 'unknown-command', `The permissions that oc policy ${shown(line, what)} needs aren't known.`)
    return []
  }
  note(
    line,
    'escalation',
    'Kubernetes refuses a binding to a role with more permissions than its author holds, unless a role allows bind.',
  )
  const bindings = every(cluster ? 'clusterrolebindings' : 'rolebindings', 'rbac.authorization.k8s.io')
  const verbs = action === 'remove' ? ['list', 'update', 'delete'] : ['list', 'create', 'update']
  return verbs.map((verb) => need(verb, bindings))
}

function adm(line: Line): Need[] {
  const [what = '', ...words] = line.words
  if (what === 'policy') return policy(line, words)
  const nodes = () => targetsOf({ ...line, words: ['nodes', ...words] })
  if (what === 'node-logs') return nodes().flatMap((target) => [need('get', target), need('get', target, 'proxy')])
  note(
    line,
    'unknown-command',
    `The permissions that oc adm ${shown(line, what)} needs aren't known. Most of oc adm is for cluster administrators.`,
  )
  return []
}

function debug(line: Line): Need[] {
  const [target] = targetsFor(line, first(line))
  if (!target) return []
  if (target.resource.resource !== 'nodes')
    note(
      line,
      'partial',
      'oc debug copies the pod of a workload into a new one, which the cluster may restrict further.',
    )
  // The copy gets a name that the server chooses.
  const copy = every('pods')
  return [
    need('get', target),
    need('create', copy),
    need('watch', copy),
    need('create', copy, 'attach'),
    need('delete', copy),
  ]
}

function listsMany(line: Line): Need[] {
  note(line, 'partial', `oc ${line.command} shows what you may list, and leaves out the rest.`)
  return []
}

const nothing = () => []

const partly = (line: Line) => {
  note(
    line,
    'partial',
    `oc ${line.command} creates objects that depend on its input, so not all of its permissions are known.`,
  )
  return []
}

/** By command. */
export const openShiftCommands: Record<string, (line: Line) => Need[]> = {
  rsh: exec,
  rsync,
  project,
  projects: () => [need('list', every('projects', 'project.openshift.io'))],
  'new-project': () => [need('create', every('projectrequests', 'project.openshift.io'))],
  'start-build': startBuild,
  rollout,
  expose,
  adm,
  policy,
  debug,
  status: listsMany,
  'new-app': partly,
  'new-build': partly,
  process: partly,
  'import-image': () => [
    need('get', every('imagestreams', 'image.openshift.io')),
    need('create', every('imagestreamimports', 'image.openshift.io')),
  ],
  tag: () => ['get', 'create', 'update'].map((verb) => need(verb, every('imagestreamtags', 'image.openshift.io'))),
  extract: (line) => targetsOf(line).map((target) => need('get', target)),
  login: nothing,
  logout: nothing,
  whoami: nothing,
}
