import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from '#local/processes/places'

/** The release that is run. It needs Python 3.10 with venv. */
export const schemathesisVersion = '4.32.5'

/** Schemathesis' program, from the Python package index (once per machine), or why it can't be had. */
export function ensureSchemathesis(say: (line: string) => void): { program: string } | { missing: string } {
  const directory = join(cacheDirectory, `schemathesis-${schemathesisVersion}`)
  const program = join(directory, 'bin/schemathesis')
  if (existsSync(program)) return { program }
  say(`installing Schemathesis ${schemathesisVersion} once, into ${directory}`)
  mkdirSync(cacheDirectory, { recursive: true })
  // In place, because the programs of a Python environment contain its path.
  const steps = [
    ['python3', '-m', 'venv', '--clear', directory],
    [
      join(directory, 'bin/pip'),
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `schemathesis==${schemathesisVersion}`,
    ],
  ]
  for (const [command = '', ...args] of steps) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
    if (status === 0) continue
    rmSync(directory, { recursive: true, force: true })
    const reason = error?.message ?? stderr.trim().split('\n').at(-1)
    return { missing: `${command} ${args.slice(0, 2).join(' ')} failed: ${reason}` }
  }
  return { program }
}
