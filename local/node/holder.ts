import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { controlGroups, enterGroups, removeControlGroups, removeStaleControlGroups } from './control-groups.ts'

// Holds the namespaces of one node: `node holder.ts FOLDER`. It creates the node's control groups and starts init.sh as
// process 1 of new namespaces. When it gets SIGTERM, or when process 1 ends, it ends everything inside and removes the control
// groups. It writes FOLDER/init.pid when the namespaces are ready.
const folder = process.argv[2] ?? ''

/** The process that `unshare` started as process 1 of the new namespaces. */
function onlyChildOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children ? Number(children.split(' ')[0]) : undefined
}

async function waitForInit(unshare: ChildProcess): Promise<number> {
  for (;;) {
    if (unshare.exitCode !== null || unshare.signalCode !== null) throw new Error('the namespaces could not be created')
    const init = onlyChildOf(unshare.pid ?? 0)
    if (init) return init
    await delay(20)
  }
}

async function removeGroups(groups: string[]) {
  // The kernel needs a moment until a control group of ended processes is empty.
  for (let attempt = 0; attempt < 100 && !removeControlGroups(groups); attempt++) await delay(50)
}

removeStaleControlGroups()
const groups = controlGroups()
for (const { path, prepare } of groups) {
  mkdirSync(path, { recursive: true })
  prepare()
}
const files = groups.map(({ path }) => join(path, 'cgroup.procs'))
const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--uts', '--ipc', '--cgroup', '--mount-proc']
const init = ['unshare', ...namespaces, 'sh', join(import.meta.dirname, 'init.sh'), folder]
const unshare = spawn('sh', ['-c', enterGroups, 'sh', ...files, '--', ...init], { stdio: 'inherit' })
const ended = new Promise<void>((resolve) => unshare.once('exit', () => resolve()))

let pid: number | undefined
process.on('SIGTERM', () => {
  if (pid) process.kill(pid, 'SIGKILL')
  unshare.kill('SIGKILL')
})
try {
  pid = await waitForInit(unshare)
  writeFileSync(join(folder, 'groups'), files.join('\n'))
  writeFileSync(join(folder, 'init.pid'), String(pid))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
await ended
await removeGroups(groups.map(({ path }) => path))
