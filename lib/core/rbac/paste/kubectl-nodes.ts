// The permissions that kubectl's commands for nodes, for metrics and for the cluster itself need. kubectl.cluster.test.ts
// confirms them against the real kubectl and API server.
import { unlistedResource } from './known-resources.ts'
import {
  builtin,
  every,
  isClientDryRun,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  resourceFor,
  selects,
  type Target,
  targetsOf,
} from './kubectl-target.ts'
import { isNamespace } from './names.ts'
import { nameOf } from './object-name.ts'

const pods = every('pods')

function nodesOf(line: Line, word: string | undefined): Target {
  const node = word && !line.args.flags.has('selector') ? oneTarget(line, word, 'nodes') : undefined
  return node ?? every('nodes')
}

function cordon(line: Line): Need[] {
  const words = line.words.length > 0 ? line.words : [undefined]
  if (line.words.length === 0 && !selects(line))
    note(line, 'unknown-name', `kubectl ${line.command} needs a node. The rules apply to any node; add its name.`)
  return words.flatMap((word) => {
    const node = nodesOf(line, word)
    const reading = need(node.isOne ? 'get' : 'list', node)
    return isClientDryRun(line) ? [reading] : [reading, need('patch', node)]
  })
}

/** All of it is needed cluster-wide, because pods of any namespace may run on the node. */
function drain(line: Line): Need[] {
  const removing =
    line.args.flags.get('disable-eviction') === 'true' ? need('delete', pods) : need('create', pods, 'eviction')
  const needs = [
    need('list', pods),
    ...(isClientDryRun(line) ? [] : [need('get', pods), removing]),
    need('get', every('daemonsets', 'apps')),
  ]
  return [...cordon(line), ...needs.map((one) => ({ ...one, resource: { ...one.resource, namespaced: false } }))]
}

function top(line: Line): Need[] {
  const [what = '', name] = line.words
  const resource = resourceFor(line, what === '' ? 'pods' : what)
  if (!resource || !['pods', 'nodes'].includes(resource.resource)) return []
  const metrics = builtin(resource.resource, 'metrics.k8s.io')
  const isOne = name !== undefined && !line.args.flags.has('selector')
  const about: Target = { resource: metrics, isOne, name: isOne ? nameOf(line, resource, name) : '' }
  // kubectl fails where it cannot read the nodes' sizes, which it needs for the percentages.
  const sizes = resource.resource === 'nodes' ? [need(isOne ? 'get' : 'list', { ...about, resource })] : []
  return [need(isOne ? 'get' : 'list', about), ...sizes]
}

function certificate(line: Line): Need[] {
  const [, ...names] = line.words
  const signers = unlistedResource('certificates.k8s.io', 'signers', false)
  return targetsOf({ ...line, words: names.map((name) => `certificatesigningrequests/${name}`) }).flatMap((target) => [
    need('get', target),
    need('update', target, 'approval'),
    need('approve', { resource: signers, isOne: false, name: '' }),
  ])
}

const dumped: [string, string][] = [
  ['events', ''],
  ['replicationcontrollers', ''],
  ['services', ''],
  ['daemonsets', 'apps'],
  ['deployments', 'apps'],
  ['replicasets', 'apps'],
  ['pods', ''],
]

/** Reads the Services of kube-system that carry a label; `dump` reads workloads and logs. */
function clusterInfo(line: Line): Need[] {
  const { flags } = line.args
  if (line.words[0] !== 'dump') {
    const services = need('list', every('services'))
    return [flags.has('namespace') ? services : { ...services, namespace: 'kube-system' }]
  }
  line.namespaces.push('kube-system', ...(flags.get('namespaces') ?? '').split(',').filter(isNamespace))
  return [
    need('list', every('nodes')),
    ...dumped.map(([resource, group]) => need('list', every(resource, group))),
    need('get', pods, 'log'),
  ]
}

function proxy(line: Line): Need[] {
  note(
    line,
    'passes-on',
    'kubectl proxy needs no permission of its own: each call through it needs its own. Paste the call that was refused.',
  )
  return []
}

export const nodeCommands: Record<string, (line: Line) => Need[]> = {
  cordon,
  uncordon: cordon,
  drain,
  top,
  certificate,
  'cluster-info': clusterInfo,
  proxy,
}
