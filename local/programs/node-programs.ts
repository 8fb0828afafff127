import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { whileHoldingLock } from '#local/processes/lock'
import { cacheDirectory, checkout } from '#local/processes/places'
import { debianObstacle, packageFolder } from './debian.ts'
import { findGo } from './go-build.ts'
import { build, cacheOf, ensureScheduler, type GoModule, need } from './programs.ts'

// The programs of a real node: a kubelet of the same release as the API server, a container runtime, a network plugin.

/** Each has its own module, because their dependencies disagree. */
const module = (name: string, pins: string, programs: Record<string, string>, sources?: string[]): GoModule => ({
  folder: join(checkout, 'local/node', name),
  pins,
  programs,
  ...(sources ? { sources } : {}),
})

const kubelet = module('kubelet', 'k8s.io/kubernetes', {
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
})
const containerd = module('containerd', 'github.com/containerd/containerd/v2', {
  containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
  'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
  ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
})
const plugins = module('cni', 'github.com/containernetworking/plugins', {
  bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
  'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
  loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
  portmap: 'github.com/containernetworking/plugins/plugins/meta/portmap',
})
const router = module('kube-router', 'github.com/cloudnativelabs/kube-router/v2', {
  'kube-router': 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router',
})
const images = module(
  'images',
  'github.com/google/go-containerregistry',
  { crane: 'github.com/google/go-containerregistry/cmd/crane', pause: './pause' },
  ['pause/main.go'],
)

export type NodePrograms = {
  scheduler: string
  kubelet: string
  kubeProxy: string
  containerd: string
  ctr: string
  runc: string
  /** The folder of the network plugins. */
  cni: string
  kubeRouter: string
  /** Pushes images, and serves a registry. */
  crane: string
  /** The only program of the image in which the kubelet keeps a pod's namespaces. */
  pause: string
  /** The folders of the programs that these start by name, and of the libraries of those. */
  path: string[]
  libraries: string[]
  xtables: string
}

/** Programs in C, from the packages of this machine's own release, with the libraries that a small system lacks. */
const packages = [
  ...['runc', 'libseccomp2'],
  ...[
    'nftables',
    'libnftables1',
    'libnftnl11',
    'libmnl0',
    'libjansson4',
    'libedit2',
    'libbsd0',
    'libmd0',
    'libgmp10',
    'libtinfo6',
  ],
  ...['iptables', 'libxtables12', 'libip4tc2', 'libip6tc2', 'libnetfilter-conntrack3', 'libnfnetlink0'],
  ...['ipset', 'libipset13', 'conntrack'],
]

/** Why this machine can't build or download the programs; undefined if it can. */
export const nodeProgramsObstacle = (): string | undefined =>
  debianObstacle() ?? (findGo() ? undefined : 'this machine has no Go')

/** Unpacks the packages once, and returns the folder. Nothing is installed. */
async function unpackedPackages(say: (line: string) => void): Promise<string> {
  const target = join(cacheDirectory, 'node-debian')
  if (existsSync(target)) return target
  mkdirSync(cacheDirectory, { recursive: true })
  await whileHoldingLock(`${target}.lock`, say, async () => {
    if (existsSync(target)) return
    say(`downloading runc, nft, iptables and ipset from Debian once, into ${target}`)
    const folder = mkdtempSync(join(tmpdir(), 'postern-debian-'))
    const unfinished = `${target}.${process.pid}`
    try {
      const found = packageFolder(folder, process.arch === 'x64' ? 'amd64' : 'arm64')
      found.download(...packages)
      for (const archive of found.archives()) execFileSync('dpkg-deb', ['--extract', archive, unfinished])
      // An installation would make these links.
      for (const name of [
        'iptables',
        'iptables-save',
        'iptables-restore',
        'ip6tables',
        'ip6tables-save',
        'ip6tables-restore',
      ])
        if (!existsSync(join(unfinished, 'usr/sbin', name)))
          symlinkSync('xtables-nft-multi', join(unfinished, 'usr/sbin', name))
      renameSync(unfinished, target)
    } finally {
      rmSync(folder, { recursive: true, force: true })
      rmSync(unfinished, { recursive: true, force: true })
    }
  })
  return target
}

/** Builds and downloads the programs of a node: about ten minutes, once per machine and pin. */
export async function ensureNodePrograms(say: (line: string) => void): Promise<NodePrograms> {
  const paths = new Map<string, string>()
  for (const part of [kubelet, containerd, plugins, images, router])
    for (const [name, path] of await build(part, Object.keys(part.programs), say)) paths.set(name, path)
  const debian = await unpackedPackages(say)
  const libraries = process.arch === 'x64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu'
  return {
    scheduler: await ensureScheduler(say),
    kubelet: need(paths, 'kubelet'),
    kubeProxy: need(paths, 'kube-proxy'),
    containerd: need(paths, 'containerd'),
    ctr: need(paths, 'ctr'),
    runc: join(debian, 'usr/sbin/runc'),
    cni: cacheOf(plugins),
    kubeRouter: need(paths, 'kube-router'),
    crane: need(paths, 'crane'),
    pause: need(paths, 'pause'),
    // containerd starts its shim by name.
    path: [cacheOf(containerd), join(debian, 'usr/sbin'), join(debian, 'usr/bin')],
    libraries: ['lib', 'usr/lib'].map((folder) => join(debian, folder, libraries)),
    xtables: join(debian, 'usr/lib', libraries, 'xtables'),
  }
}
