import { spawnSync } from 'node:child_process'

/** What npm answers: either of these, or something else altogether. */
type Answer = {
  vulnerabilities?: Record<string, { severity: string; via: unknown[]; range: string }>
  message?: string
  error?: { summary?: string; detail?: string }
}

/** Known vulnerabilities of what Postern is made of; or why they are not known. */
export type Advisories = { known: true; problems: string[] } | { known: false; why: string }

const grave = ['high', 'critical']

/** Reads what `npm audit --json` printed. Of what the registry could not say nothing is concluded. */
export function readAdvisories(printed: string): Advisories {
  let answer: Answer
  try {
    answer = JSON.parse(printed) as Answer
  } catch {
    return { known: false, why: printed.trim().split('\n')[0] || 'npm audit printed nothing' }
  }
  if (typeof answer.vulnerabilities !== 'object') {
    return { known: false, why: answer.message ?? answer.error?.summary ?? 'npm audit gave no answer' }
  }
  const problems = Object.entries(answer.vulnerabilities)
    .filter(([, { severity }]) => grave.includes(severity))
    .map(([name, { severity, range, via }]) => {
      const titles = via.flatMap((one) => (one as { title?: string }).title ?? [])
      return `${name} ${range}: ${severity}${titles.length ? `, ${titles.join('; ')}` : ''}`
    })
  return { known: true, problems }
}

/** Asks the registry. */
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
