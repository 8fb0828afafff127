// Which rights do kubectl's commands around running pods and nodes take? Proven in kubectl.cluster.test.ts like those
// of kubectl-objects.ts.
import {
  builtin,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  resourceFor,
  type Target,
  targetsOf,
} from './kubectl-target.ts'

const all = (line: Line, resource: string, group = ''): Target => ({
  resource: builtin(line, resource, group),
  isOne: false,
  name: '',
})

/** The pod that is meant: by its own name, or any one behind a Deployment, Service and the like. */
function podBehind(line: Line, word: string): { finding: Need[]; pod: Target } | undefined {
  const target = oneTarget(line, word)
  if (!target) return undefined
  if (target.resource.resource === 'pods') return { finding: [need('get', target)], pod: target }
  const pods = all(line, 'pods')
  return { finding: [need('get', target), need('list', pods)], pod: pods }
}

function onPod(line: Line, word: string | undefined, rights: (pod: Target) => Need[]): Need[] {
  if (!word) {
    note(line, 'incomplete', `kubectl ${line.command} needs to be told which pod.`)
    return []
  }
  const found = podBehind(line, word)
  return found ? [...found.finding, ...rights(found.pod)] : []
}

function logs(line: Line): Need[] {
  if (line.args.flags.has('selector')) return [need('list', all(line, 'pods')), need('get', all(line, 'pods'), 'log')]
  return onPod(line, line.words[0], (pod) => [need('get', pod, 'log')])
}

// NB: kubectl first tries a WebSocket, which is a GET and takes the verb get too, and falls back to a POST by itself.
const streams = (subresource: string) => (line: Line) =>
  onPod(line, line.words[0], (pod) => [need('create', pod, subresource)])

function portForward(line: Line): Need[] {
  return onPod(line, line.words[0], (pod) => [
    // Behind a Service or Deployment the pod that was found is looked at once more.
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
  if (target.resource.resource === 'nodes') {
    const pods = all(line, 'pods')
    return [need('get', target), need('create', pods), ...attaching(pods)]
  }
  if (line.args.flags.has('copy-to')) {
    const pods = all(line, 'pods')
    return [need('get', target), need('create', pods), ...attaching(pods)]
  }
  return [need('get', target), need('patch', target, 'ephemeralcontainers'), ...attaching(target)]
}

function run(line: Line): Need[] {
  const pods = all(line, 'pods')
  const [name = ''] = line.words
  const pod = name === '' ? undefined : oneTarget(line, `pods/${name}`)
  const later = pod && isInteractive(line) ? [need('watch', pod), need('get', pod), need('create', pod, 'attach')] : []
  const removing = pod && line.args.flags.get('rm') === 'true' ? [need('delete', pod), need('get', pod)] : []
  return [need('create', pods), ...later, ...removing]
}

const nodes = (line: Line, word: string | undefined): Target => {
  const node = word && !line.args.flags.has('selector') ? oneTarget(line, word, 'nodes') : undefined
  return node ?? all(line, 'nodes')
}

function cordon(line: Line): Need[] {
  const words = line.words.length > 0 ? line.words : [undefined]
  return words.flatMap((word) => {
    const node = nodes(line, word)
    return [need(node.isOne ? 'get' : 'list', node), need('patch', node)]
  })
}

/** Everything of it is needed for the whole cluster, for pods of any namespace may run on the node. */
function drain(line: Line): Need[] {
  const pods = all(line, 'pods')
  const more = [need('list', pods), need('get', pods), need('create', pods, 'eviction')]
  const wide = [...more, need('get', all(line, 'daemonsets', 'apps'))]
  return [...cordon(line), ...wide.map((right) => ({ ...right, resource: { ...right.resource, namespaced: false } }))]
}

function top(line: Line): Need[] {
  const [what = '', name] = line.words
  const resource = resourceFor(line, what === '' ? 'pods' : what)
  if (!resource || !['pods', 'nodes'].includes(resource.resource)) return []
  const metrics = builtin(line, resource.resource, 'metrics.k8s.io')
  const isOne = name !== undefined && !line.args.flags.has('selector')
  const about: Target = { resource: metrics, isOne, name: name ?? '' }
  // Without the nodes' sizes there are no percentages, and kubectl gives up.
  const sizes = resource.resource === 'nodes' ? [need(isOne ? 'get' : 'list', { ...about, resource })] : []
  return [need(isOne ? 'get' : 'list', about), ...sizes]
}

function certificate(line: Line): Need[] {
  const [, ...names] = line.words
  const requests = builtin(line, 'certificatesigningrequests', 'certificates.k8s.io')
  const signers = { group: 'certificates.k8s.io', resource: 'signers', kind: '', shortNames: [], namespaced: false }
  return targetsOf({ ...line, words: names.map((name) => `${requests.resource}/${name}`) }).flatMap((target) => [
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
