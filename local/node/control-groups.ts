import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { identify, isRunning } from '#local/processes/process-identity'

// The control groups (cgroups, version 1) of a node. They are below those of this process, and named after it.

const prefix = 'postern-node-'

/** For `sh -c`: enters the control groups whose files come first, up to `--`, and becomes the command after it. */
export const enterGroups = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"'

type Hierarchy = { mountPoint: string; controllers: string[]; own: string }

/** The hierarchies that are mounted here, with the group of this process in each. */
function hierarchies(): Hierarchy[] {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')
  const groups = lines
    .map((line) => line.split(':'))
    .map(([, names = '', ...path]) => ({ names, path: path.join(':') }))
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  return mounts.flatMap((line) => {
    const [mount = '', type = ''] = line.split(' - ')
    const [, , , root = '/', mountPoint = ''] = mount.split(' ')
    const [kind, , options = ''] = type.split(' ')
    if (kind !== 'cgroup' && kind !== 'cgroup2') return []
    const group = groups.find(({ names }) =>
      kind === 'cgroup2'
        ? names === ''
        : names !== '' && names.split(',').every((name) => options.split(',').includes(name)),
    )
    if (!group?.path.startsWith(root)) return []
    const controllers = kind === 'cgroup2' ? [] : group.names.split(',')
    return [{ mountPoint, controllers, own: join(mountPoint, group.path.slice(root === '/' ? 0 : root.length)) }]
  })
}

/** Why this machine's control groups don't allow a node; undefined if they do. */
export function controlGroupObstacle(): string | undefined {
  const found = hierarchies().flatMap(({ controllers }) => controllers)
  const missing = ['cpu', 'memory', 'pids', 'devices', 'freezer', 'cpuset', 'cpuacct', 'blkio'].filter(
    (name) => !found.includes(name),
  )
  return missing.length
    ? `the node needs control groups of version 1, and ${missing.join(', ')} is not mounted here as such`
    : undefined
}

/** The groups of a node of this process, to be created. `prepare` makes a created one ready for processes. */
export function controlGroups(): { path: string; prepare: () => void }[] {
  const { pid, startedAt } = identify(process.pid)
  return hierarchies().map(({ controllers, own }) => {
    const path = join(own, `${prefix}${pid}-${startedAt}`)
    const prepare = () => {
      // A new group of cpuset has no processors, and no process can enter it.
      for (const file of controllers.includes('cpuset') ? ['cpuset.cpus', 'cpuset.mems'] : [])
        writeFileSync(join(path, file), readFileSync(join(dirname(path), file)))
    }
    return { path, prepare }
  })
}

function removeTree(group: string) {
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(group, entry.name))
  rmdirSync(group)
}

/** Removes groups without processes, and what is below them. Returns true once none is left. */
export function removeControlGroups(groups: readonly string[]): boolean {
  for (const group of groups.filter((path) => existsSync(path))) {
    try {
      removeTree(group)
    } catch {
      // A process in it has not ended yet.
    }
  }
  return groups.every((group) => !existsSync(group))
}

/** Removes the empty groups of nodes whose holder was killed. */
export function removeStaleControlGroups(): void {
  for (const { own } of hierarchies()) {
    for (const name of readdirSync(own).filter((entry) => entry.startsWith(prefix))) {
      const [pid = '', startedAt = ''] = name.slice(prefix.length).split('-')
      if (!isRunning({ pid: Number(pid), startedAt })) removeControlGroups([join(own, name)])
    }
  }
}
