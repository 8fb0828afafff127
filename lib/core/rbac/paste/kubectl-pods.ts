// The permissions that kubectl's commands for running pods need. kubectl.cluster.test.ts confirms them against
// the real kubectl and API server.
import {
  every,
  isClientDryRun,
  type Line,
  type Need,
  need,
  note,
  oneTarget,
  type Target,
  targetsFor,
} from './kubectl-target.ts'
import { isObjectName } from './names.ts'

const pods = every('pods')

/** The pod that a target is: itself, or any pod behind a Deployment, a Service and the like. */
const podBehind = (target: Target): { finding: Need[]; pod: Target } =>
  target.resource.resource === 'pods'
    ? { finding: [need('get', target)], pod: target }
    : { finding: [need('get', target), need('list', pods)], pod: pods }

function onPod(line: Line, word: string | undefined, needs: (pod: Target) => Need[]): Need[] {
  if (!word) {
    note(line, 'incomplete', `kubectl ${line.command} needs a pod. The rules apply to any pod; add its name.`)
    return [need('get', { ...pods, isOne: true }), ...needs({ ...pods, isOne: true })]
  }
  return targetsFor(line, word).flatMap((target) => {
    const { finding, pod } = podBehind(target)
    return [...finding, ...needs(pod)]
  })
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
  if (slash > 0) line.namespaces.push(place.slice(0, slash))
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
  line.printed = [{ ...pods, isOne: true, name: isObjectName(name) ? name : '' }]
  if (isClientDryRun(line)) return []
  const pod = name === '' ? undefined : oneTarget(line, `pods/${name}`)
  const later = pod && isInteractive(line) ? [need('watch', pod), need('get', pod), need('create', pod, 'attach')] : []
  const removing = pod && line.args.flags.get('rm') === 'true' ? [need('delete', pod), need('get', pod)] : []
  return [need('create', pods), ...later, ...removing]
}

export const podCommands: Record<string, (line: Line) => Need[]> = {
  logs,
  // Its name until 1.9.
  log: logs,
  exec: streams('exec'),
  attach: streams('attach'),
  'port-forward': portForward,
  cp,
  debug,
  run,
}
