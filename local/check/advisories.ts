import { spawnSync } from 'node:child_process'

/** The output of `npm audit --json`: advisories or an error. */
type AuditReport = {
  vulnerabilities?: Record<string, { severity: string; via: unknown[]; range: string }>
  message?: string
  error?: { summary?: string; detail?: string }
}

/** Known vulnerabilities of Postern's dependencies, or why they could not be determined. */
export type Advisories = { known: true; problems: string[] } | { known: false; why: string }

const failing = ['high', 'critical']

/** Reads the output of `npm audit --json`. A missing answer never counts as "no vulnerabilities". */
export function readAdvisories(printed: string): Advisories {
  let report: AuditReport
  try {
    report = JSON.parse(printed) as AuditReport
  } catch {
    return { known: false, why: printed.trim().split('\n')[0] || 'npm audit printed nothing' }
  }
  if (typeof report.vulnerabilities !== 'object') {
    return { known: false, why: report.message ?? report.error?.summary ?? 'npm audit returned no report' }
  }
  const problems = Object.entries(report.vulnerabilities)
    .filter(([, { severity }]) => failing.includes(severity))
    .map(([name, { severity, range, via }]) => {
      const titles = via.flatMap((one) => (one as { title?: string }).title ?? [])
      return `${name} ${range}: ${severity}${titles.length ? `, ${titles.join('; ')}` : ''}`
    })
  return { known: true, problems }
}

/** Runs `npm audit`, which asks the registry. */
export function findAdvisories(folder: string): Advisories {
  const { stdout, error } = spawnSync('npm', ['audit', '--json'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (error) return { known: false, why: error.message }
  return readAdvisories(stdout)
}
