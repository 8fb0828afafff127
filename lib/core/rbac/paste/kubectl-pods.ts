// The permissions that kubectl's commands for running pods and nodes need. kubectl.cluster.test.ts confirms them against
// the real kubectl and API server.
import { unlistedResource } from './known-resources.ts'
import {
  builtin,
  every,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  resourceFor,
  type Target,
  targetsOf,
} from './kubectl-target.ts'

const pods = every('pods')

/** The pod that a word names: itself, or any pod behind a Deployment, a Service and the like. */
function podBehind(line: Line, word: string): { finding: Need[]; pod: Target } | undefined {
  const target = oneTarget(line, word)
  if (!target) return undefined
  if (target.resource.resource === 'pods') return { finding: [need('get', target)], pod: target }
  return { finding: [need('get', target), need('list', pods)], pod: pods }
}

function onPod(line: Line, word: string | undefined, needs: (pod: Target) => Need[]): Need[] {
  if (!word) {
    note(line, 'incomplete', `kubectl ${line.command} needs a pod.`)
    return []
  }
  const found = podBehind(line, word)
  return found ? [...found.finding, ...needs(found.pod)] : []
}

function logs(line: Line): Need[] {
  if (line.args.flags.has('selector')) return [need('list', pods), need('get', pods, 'log')]
  return onPod(line, line.words[0], (pod) => [need('get', pod, 'log')])
}

// NB: kubectl tries a WebSocket first, which is a GET and needs `get` as well, and falls back to a POST.
const streams = (subresource: string) => (line: Line) =>
  onPod(line, line.words[0], (pod) => [need('create', pod, subresource)])

function portForward(line: Line): Need[] {
  return onPod(line, line.words[0], (pod) => [
    // kubectl reads the pod once more after finding it behind a Service or Deployment.
    ...(pod.isOne ? [] : [need('get', pod)]),
    need('create', pod, 'portforward'),
  ])
}

/** `pod:path` or `namespace/pod:path`, on either side. */
function cp(line: Line): Need[] {
  const remote = line.words.find((word) => /^[^/.:][^:]{0,400}:/.test(word))
  if (remote === undefined) {
    note(line, 'incomplete', 'kubectl cp needs a pod on one side, as in pod:path.')
    return []
  }
  const [place = ''] = remote.split(':', 1)
  const slash = place.indexOf('/')
  if (slash > 0) line.namespace = place.slice(0, slash)
  return onPod(line, place.slice(slash + 1), (pod) => [need('create', pod, 'exec')])
}

const isInteractive = ({ args: { flags } }: Line) =>
  flags.get('attach') === 'true' || (flags.get('stdin') === 'true' && flags.get('attach') !== 'false')

function debug(line: Line): Need[] {
  const [word = ''] = line.words
  const target = oneTarget(line, word)
  if (!target) return []
  const attaching = (pod: Target) => (isInteractive(line) ? [need('watch', pod), need('create', pod, 'attach')] : [])
  // For a node, and with --copy-to, the debugger runs in a pod of its own.
  if (target.resource.resource === 'nodes' || line.args.flags.has('copy-to')) {
    return [need('get', target), need('create', pods), ...attaching(pods)]
  }
  return [need('get', target), need('patch', target, 'ephemeralcontainers'), ...attaching(target)]
}

function run(line: Line): Need[] {
  const [name = ''] = line.words
  const pod = name === '' ? undefined : oneTarget(line, `pods/${name}`)
  const later = pod && isInteractive(line) ? [need('watch', pod), need('get', pod), need('create', pod, 'attach')] : []
  const removing = pod && line.args.flags.get('rm') === 'true' ? [need('delete', pod), need('get', pod)] : []
  return [need('create', pods), ...later, ...removing]
}

const nodes = (line: Line, word: string | undefined): Target => {
  const node = word && !line.args.flags.has('selector') ? oneTarget(line, word, 'nodes') : undefined
  return node ?? every('nodes')
}

function cordon(line: Line): Need[] {
  const words = line.words.length > 0 ? line.words : [undefined]
  return words.flatMap((word) => {
    const node = nodes(line, word)
    return [need(node.isOne ? 'get' : 'list', node), need('patch', node)]
  })
}

/** All of it is needed cluster-wide, because pods of any namespace may run on the node. */
function drain(line: Line): Need[] {
  const evicting = [need('list', pods), need('get', pods), need('create', pods, 'eviction')]
  const needs = [...evicting, need('get', every('daemonsets', 'apps'))]
  return [...cordon(line), ...needs.map((one) => ({ ...one, resource: { ...one.resource, namespaced: false } }))]
}

function top(line: Line): Need[] {
  const [what = '', name] = line.words
  const resource = resourceFor(line, what === '' ? 'pods' : what)
  if (!resource || !['pods', 'nodes'].includes(resource.resource)) return []
  const metrics = builtin(resource.resource, 'metrics.k8s.io')
  const isOne = name !== undefined && !line.args.flags.has('selector')
  const about: Target = { resource: metrics, isOne, name: name ?? '' }
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

export const podCommands: Record<string, (line: Line) => Need[]> = {
  logs,
  exec: streams('exec'),
  attach: streams('attach'),
  'port-forward': portForward,
  cp,
  debug,
  run,
  cordon,
  uncordon: cordon,
  drain,
  top,
  certificate,
}
