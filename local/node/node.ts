import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { kubectlAsAdmin } from '#local/parts/kubectl'
import type { Kubernetes } from '#local/parts/kubernetes'
import { startScheduler } from '#local/parts/pods'
import { freePort } from '#local/processes/ports'
import { lastLines, type Part, type Run, waitUntil } from '#local/processes/processes'
import type { NodePrograms } from '#local/programs/node-programs'
import { enterGroups } from './control-groups.ts'

/** The node's name, which is also how the API server on this machine calls its kubelet. */
export const nodeName = 'localhost'

/** The address under which pods find the node, and through it chosen ports of this machine. */
export const nodeAddress = '10.244.0.1'

const pauseImage = 'postern.test/pause:1'

/** A port of this machine that processes in the node can connect to, at another address. */
type Opening = { inside: string; outside: string }

export type Node = {
  /** The command that runs a program inside the node's namespaces. */
  inside(command: string, ...args: string[]): { command: string; args: string[] }
  /** Opens a port of this machine, any if none is given, that leads to an address inside. Returns the port. */
  open(name: string, inside: string, port?: number): Promise<number>
}

const containerd = (folder: string, programs: NodePrograms) => `version = 3
root = "${folder}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.internal.v1.opt']
  path = "${folder}/opt"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${pauseImage}"
[plugins.'io.containerd.cri.v1.runtime']
  # Not every root may lower the score by which the kernel chooses what to kill.
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "${programs.runc}"
        SystemdCgroup = false
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${programs.cni}"]
    conf_dir = "${folder}/cni"
`

const podNetwork = {
  cniVersion: '1.0.0',
  name: 'postern',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: '/run/cni-addresses',
        ranges: [[{ subnet: '10.244.0.0/24', rangeStart: '10.244.0.10', gateway: nodeAddress }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

const kubelet = (folder: string, port: number, { ca, kubelet }: Kubernetes['certificates']) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: ca } },
  authorization: { mode: 'Webhook' },
  tlsCertFile: kubelet.cert,
  tlsPrivateKeyFile: kubelet.key,
  address: nodeAddress,
  port,
  healthzPort: 0,
  readOnlyPort: 0,
  failSwapOn: false,
  podLogsDir: '/var/log/pods',
  resolvConf: '',
  // An image that was imported under one name and pulled under another would otherwise be pulled again.
  imagePullCredentialsVerificationPolicy: 'NeverVerify',
  evictionHard: {
    'memory.available': '50Mi',
    'nodefs.available': '0%',
    'nodefs.inodesFree': '0%',
    'imagefs.available': '0%',
  },
  imageGCHighThresholdPercent: 100,
  nodeStatusUpdateFrequency: '5s',
  volumePluginDir: join(folder, 'volume-plugins'),
  shutdownGracePeriod: '0s',
})

const proxy = (kubeconfig: string) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  clientConnection: { kubeconfig },
  mode: 'nftables',
  clusterCIDR: '10.244.0.0/16',
  // The settings of connection tracking are the machine's.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  healthzBindAddress: '127.0.0.1:10256',
  metricsBindAddress: '127.0.0.1:10249',
})

/** What a cluster with a node has in addition: the API server's right to call kubelets, and its address for pods. */
const clusterObjects = [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'apiserver-kubelet' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:kubelet-api-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'kube-apiserver-kubelet-client' }],
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
  },
]

const kill = { signal: 'SIGKILL', graceMs: 0 } as const
const forwarder = join(import.meta.dirname, 'forward.ts')

/**
 * Starts a real node for a cluster whose API server runs on this machine (with `withNodes`): containerd, runc, kubelet,
 * kube-proxy and a network plugin, in namespaces of their own. No interface, route, mount, rule or setting of the machine
 * changes, and the end of the run ends everything. With `programs.kubeRouter` network policies are enforced.
 * @param openings what pods may reach on this machine: `inside` is an address of the node
 * @param images archives that the node has from the start
 */
export async function startNode(
  run: Run,
  options: { kubernetes: Kubernetes; programs: NodePrograms; openings: Opening[]; images: string[] },
): Promise<Node> {
  const { kubernetes, programs } = options
  const folder = join(run.directory, 'node')
  mkdirSync(join(folder, 'cni'), { recursive: true, mode: 0o700 })

  await run.start({
    name: 'node',
    command: process.execPath,
    args: [join(import.meta.dirname, 'holder.ts'), folder],
    // It removes the control groups when everything inside has ended.
    ending: { signal: 'SIGTERM', graceMs: 20_000 },
    ready: async () => existsSync(join(folder, 'ready')) && existsSync(join(folder, 'init.pid')),
  })
  const [init, groups] = ['init.pid', 'groups'].map((file) => readFileSync(join(folder, file), 'utf8'))
  const inside = (command: string, ...args: string[]) => {
    const enter = ['nsenter', `--target=${init}`, '--mount', '--net', '--pid', '--uts', '--ipc', '--cgroup', '--']
    return {
      command: 'sh',
      args: ['-c', enterGroups, 'sh', ...(groups ?? '').split('\n'), '--', ...enter, command, ...args],
    }
  }
  const env = {
    PATH: [...programs.path, process.env.PATH].join(':'),
    LD_LIBRARY_PATH: programs.libraries.join(':'),
    XTABLES_LIBDIR: programs.xtables,
    NODE_ENV: 'production' as const,
  }
  const start = (
    name: string,
    command: string,
    args: string[],
    ready: () => Promise<boolean> = async () => true,
  ): Promise<Part> => run.start({ name, ...inside(command, ...args), env, ending: kill, ready })
  const listens = (name: string) => async () => lastLines(join(run.logs, `${name}.log`)).includes('listening')
  const forward = async (name: string, where: 'inside' | 'outside', pairs: string[]) => {
    const args = [forwarder, ...pairs]
    const ready = listens(name)
    if (where === 'inside') await start(name, process.execPath, args, ready)
    else await run.start({ name, command: process.execPath, args, ending: kill, ready })
  }
  const socket = (name: string | number) => join(folder, `${name}.sock`)
  const open = async (name: string, address: string, port?: number) => {
    const from = port ?? (await freePort())
    await forward(`into-${name}`, 'inside', [socket(name), address])
    await forward(`to-${name}`, 'outside', [`127.0.0.1:${from}`, socket(name)])
    return from
  }

  const apiServer = `127.0.0.1:${kubernetes.port}`
  const openings = [
    { inside: '127.0.0.1:6443', outside: apiServer },
    { inside: `${nodeAddress}:6443`, outside: apiServer },
    ...options.openings,
  ]
  await forward(
    'openings-outside',
    'outside',
    openings.flatMap(({ outside }, index) => [socket(index), outside]),
  )
  await forward(
    'openings',
    'inside',
    openings.flatMap(({ inside }, index) => [inside, socket(index)]),
  )

  writeFileSync(join(folder, 'containerd.toml'), containerd(folder, programs))
  writeFileSync(join(folder, 'cni/10-bridge.conflist'), JSON.stringify(podNetwork))
  const ctr = (...args: string[]) =>
    inside(programs.ctr, '--address=/run/containerd/containerd.sock', '--namespace=k8s.io', ...args)
  const tryCtr = async (...args: string[]) => (await run.finish({ name: 'ctr', ...ctr(...args), env })) === 0
  await start('containerd', programs.containerd, ['--config', join(folder, 'containerd.toml')], () => tryCtr('version'))
  for (const image of options.images)
    if (!(await tryCtr('images', 'import', image)))
      throw new Error(`cannot import ${image}: ${lastLines(join(run.logs, 'ctr.log'))}`)

  const { certificates } = kubernetes
  const config = (name: string, document: object) => {
    const file = join(folder, name)
    writeFileSync(file, JSON.stringify(document))
    return file
  }
  const kubeconfig = (name: 'kubelet' | 'kubeProxy' | 'admin') =>
    writeKubeconfig(
      join(folder, `${name}.kubeconfig`),
      { name: 'node', server: 'https://127.0.0.1:6443', caFile: kubernetes.caFile },
      { clientCertificate: certificates[name].cert, clientKey: certificates[name].key },
    )
  await kubectlAsAdmin(
    kubernetes,
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: clusterObjects }),
  )
  const port = await freePort()
  await startScheduler(run, kubernetes, programs.scheduler, folder)
  await start('kubelet', programs.kubelet, [
    `--config=${config('kubelet.yaml', kubelet(folder, port, certificates))}`,
    `--kubeconfig=${kubeconfig('kubelet')}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
    `--root-dir=${join(folder, 'kubelet')}`,
    `--cert-dir=${join(folder, 'kubelet-certificates')}`,
  ])
  // The API server calls the kubelet by the node's name, with the port that the kubelet reports.
  await open('kubelet', `${nodeAddress}:${port}`, port)
  await start('kube-proxy', programs.kubeProxy, [
    `--config=${config('kube-proxy.yaml', proxy(kubeconfig('kubeProxy')))}`,
    `--hostname-override=${nodeName}`,
  ])
  const status = ['get', 'node', nodeName, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}']
  await waitUntil('the node to be ready', 120_000, async () => (await kubectlAsAdmin(kubernetes, status)) === 'True')
  if (programs.kubeRouter)
    await start('kube-router', programs.kubeRouter, [
      '--run-router=false',
      '--run-firewall=true',
      '--run-service-proxy=false',
      `--kubeconfig=${kubeconfig('admin')}`,
      `--hostname-override=${nodeName}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--metrics-port=0',
    ])
  return { inside, open }
}
