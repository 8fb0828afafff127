import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const settings = [
  ...['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'],
  ...[
    'kernel/keys/root_maxkeys',
    'kernel/keys/root_maxbytes',
    'net/ipv4/ip_forward',
    'net/bridge/bridge-nf-call-iptables',
  ],
  ...['net/netfilter/nf_conntrack_max', 'net/ipv4/conf/all/route_localnet'],
]

/** Where the programs of a node write if nothing stops them. */
const folders = [
  ...[
    '/var/lib/kubelet',
    '/var/lib/containerd',
    '/var/lib/cni',
    '/var/lib/kube-proxy',
    '/etc/cni',
    '/opt/cni',
    '/etc/kubernetes',
  ],
  ...['/run/containerd', '/run/runc', '/run/netns', '/run/xtables.lock', '/var/log/pods', '/var/log/containers'],
  ...['/usr/libexec/kubernetes', '/var/run/kubernetes', '/opt/containerd'],
]

const output = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8' }).trim().split('\n')

/** The command line of every process that has `text` in it. */
export function processesWith(text: string): string[] {
  const own = String(process.pid)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== own)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return line.includes(text) ? [line] : []
      } catch {
        return []
      }
    })
}

function nodeGroups(folder = '/sys/fs/cgroup', depth = 0): string[] {
  if (depth > 5 || !existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = join(folder, name)
      return /^(postern-node-|kubepods|k8s\.io)/.test(name) ? [path] : nodeGroups(path, depth + 1)
    })
}

/** What a node could leave behind on this machine. The same before and after it has run. */
export const machineState = () => ({
  mounts: readFileSync('/proc/self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[4])
    .sort(),
  links: output('ip', '-oneline', 'link').map((line) => line.split(' ')[1]),
  routes: output('ip', 'route'),
  settings: settings.map((name) => {
    const file = join('/proc/sys', name)
    return `${name} ${existsSync(file) ? readFileSync(file, 'utf8').trim() : '-'}`
  }),
  folders: folders.filter((folder) => existsSync(folder)),
  groups: nodeGroups(),
})
