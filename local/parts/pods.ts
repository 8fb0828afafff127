import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '#local/processes/ports'
import { type Run, waitUntil } from '#local/processes/processes'
import type { PodPrograms } from '#local/programs/programs'
import { writeKubeconfig } from './kubeconfig.ts'
import { kubectlAsAdmin } from './kubectl.ts'
import { flags, type Kubernetes } from './kubernetes.ts'

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'demo-node',
    labels: { 'kubernetes.io/hostname': 'demo-node', type: 'kwok' },
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
  },
  status: {
    allocatable: { cpu: '32', memory: '256Gi', pods: '110' },
    capacity: { cpu: '32', memory: '256Gi', pods: '110' },
  },
}

/** Writes what `kubectl logs` shows, in the kubelet's log format. */
function writeLogs(file: string) {
  const lines = [
    'level=info msg="listening" port=8080',
    'level=info msg="connected to database" pool=10',
    'level=warn msg="slow upstream" upstream=psp.example.com ms=1840',
    'level=error msg="upstream timed out, will try again" upstream=psp.example.com attempt=1',
    'level=info msg="recovered" upstream=psp.example.com attempt=2',
  ]
  const began = Date.now() - lines.length * 60_000
  const stamped = lines.map((line, index) => {
    const time = new Date(began + index * 60_000).toISOString().replace('Z', '000000Z')
    return `${time} stdout F ${line}\n`
  })
  writeFileSync(file, stamped.join(''))
}

/** Starts the scheduler, which assigns pods to nodes. */
export const startScheduler = (run: Run, kubernetes: Kubernetes, program: string, directory: string) =>
  run.start({
    name: 'kube-scheduler',
    command: program,
    args: flags({
      kubeconfig: writeKubeconfig(join(directory, 'scheduler.kubeconfig'), kubernetes, {
        clientCertificate: kubernetes.certificates.scheduler.cert,
        clientKey: kubernetes.certificates.scheduler.key,
      }),
      'leader-elect': 'false',
      'secure-port': '0',
    }),
    ending: { signal: 'SIGKILL', graceMs: 0 },
    ready: async () => true,
  })

/**
 * Starts a scheduler and kwok, which simulates one node: pods become Running, and `kubectl logs` shows the same few lines
 * for each. NB: `kubectl exec` does not work, on purpose: kwok would run the command on this machine.
 */
export async function startPods(run: Run, kubernetes: Kubernetes, programs: PodPrograms, directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const { kwok } = kubernetes.certificates
  await startScheduler(run, kubernetes, programs.scheduler, directory)

  const logFile = join(directory, 'pods.log')
  writeLogs(logFile)
  const logs = join(directory, 'cluster-logs.yaml')
  const clusterLogs = { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'ClusterLogs', metadata: { name: 'all-pods' } }
  writeFileSync(logs, JSON.stringify({ ...clusterLogs, spec: { logs: [{ logsFile: logFile, follow: false }] } }))
  const port = await freePort()
  await run.start({
    name: 'kwok',
    command: programs.kwok,
    args: [
      ...flags({
        kubeconfig: writeKubeconfig(join(directory, 'kwok.kubeconfig'), kubernetes, {
          clientCertificate: kwok.cert,
          clientKey: kwok.key,
        }),
        'manage-all-nodes': 'true',
        'node-ip': '127.0.0.1',
        'node-port': String(port),
        'tls-cert-file': kwok.cert,
        'tls-private-key-file': kwok.key,
      }),
      ...[...programs.stages, logs].map((file) => `--config=${file}`),
    ],
    ending: { signal: 'SIGKILL', graceMs: 0 },
    ready: async () => true,
  })
  await kubectlAsAdmin(kubernetes, ['apply', '-f', '-'], JSON.stringify(node))
  // A new node has this taint, and the controller that would remove it is not among those that run here.
  const nodes = ['get', 'nodes', '-o', 'jsonpath={.items[*].spec.taints[*].key}']
  await waitUntil('the node to have no not-ready taint', 20_000, async () => {
    if (!(await kubectlAsAdmin(kubernetes, nodes)).includes('not-ready')) return true
    await kubectlAsAdmin(kubernetes, ['taint', 'nodes', 'demo-node', 'node.kubernetes.io/not-ready-'])
    return false
  })
}
