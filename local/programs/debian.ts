import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Why packages of Debian can't be used here; undefined if they can. */
export const debianObstacle = (): string | undefined =>
  ['apt-get', 'dpkg-deb', 'tar'].every((program) =>
    (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program))),
  )
    ? undefined
    : 'this machine has no apt-get'

/**
 * A folder that downloads the newest versions of packages that this machine's own sources offer, for one processor.
 * Changes nothing on the machine.
 */
export function packageFolder(folder: string, architecture: string) {
  const state = join(folder, 'state')
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(state, name), { recursive: true })
  const options = {
    'Dir::State::lists': join(state, 'lists'),
    'Dir::Cache': join(state, 'cache'),
    // No package counts as installed, and packages of another processor can be downloaded too.
    'Dir::State::status': '/dev/null',
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
  }
  const args = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const run = (...command: string[]) =>
    execFileSync('apt-get', [...args, '-qq', ...command], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  run('update')
  return {
    download: (...packages: string[]): void => void run('download', ...packages),
    archives: (): string[] =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.deb'))
        .sort()
        .map((name) => join(folder, name)),
  }
}
