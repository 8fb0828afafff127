import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of processor time by the name of a program, which is what a cycle costs on a machine with other work. */
export type ProcessorTime = Readonly<Record<string, number>>

type Process = { pid: number; parent: number; program: string; ticks: number }

/** Linux counts a process's time in hundredths of a second (USER_HZ). */
const msPerTick = 10

/** All processes of this machine, with the time of their own ended children (proc(5), /proc/pid/stat). */
function processes(): Process[] {
  return readdirSync('/proc').flatMap((name): Process[] => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const nameEnd = stat.lastIndexOf(')')
      const fields = stat.slice(nameEnd + 2).split(' ')
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
      const program = stat.slice(stat.indexOf('(') + 1, nameEnd)
      return [{ pid: Number(name), parent: Number(fields[1]), program, ticks }]
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}

/** The processor time of this process and of the programs that it started, each with all its descendants. */
export function processorTime(postern: { pid: number }): ProcessorTime {
  const all = processes()
  const withDescendants = (root: Process): number =>
    all.filter(({ parent }) => parent === root.pid).reduce((sum, child) => sum + withDescendants(child), root.ticks)
  const times: Record<string, number> = {}
  for (const one of all) {
    if (one.parent !== process.pid) continue
    const name = one.pid === postern.pid ? 'Postern' : one.program
    times[name] = (times[name] ?? 0) + withDescendants(one) * msPerTick
  }
  const { user, system } = process.cpuUsage()
  return { ...times, client: (user + system) / 1000 }
}

/** What `times` were added since `before`, per cycle; programs that used less than a hundredth of a millisecond are left out. */
export function perCycle(before: ProcessorTime, after: ProcessorTime, cycles: number): ProcessorTime {
  const added = Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / cycles] as const)
  return Object.fromEntries(added.filter(([, ms]) => ms >= 0.01))
}

export const sum = (times: ProcessorTime): number => Object.values(times).reduce((total, ms) => total + ms, 0)

export const plus = (a: ProcessorTime, b: ProcessorTime): ProcessorTime =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]),
  )
