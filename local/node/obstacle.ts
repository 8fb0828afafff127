import { execFileSync } from 'node:child_process'
import { nodeProgramsObstacle } from '#local/programs/node-programs'
import { controlGroupObstacle } from './control-groups.ts'

/** Why a node can't run on this machine; undefined if it can. */
export function nodeObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (process.getuid?.() !== 0) return 'it needs root'
  const obstacle = controlGroupObstacle() ?? nodeProgramsObstacle()
  if (obstacle) return obstacle
  try {
    const namespaces = ['--mount', '--net', '--pid', '--fork', '--uts', '--ipc', '--cgroup', '--mount-proc']
    const trial = 'mount -t tmpfs tmpfs /mnt && ip link add trial type bridge'
    execFileSync('unshare', [...namespaces, 'sh', '-c', trial], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch (error) {
    return `this user may not create namespaces, mounts and a bridge (${(error as Error).message.split('\n').at(-1)})`
  }
}
