import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { buildPackage } from '#local/package/build'
import type { Stage } from './stage.testing.ts'

export type Ran = { code: number | null; out: string; err: string }

/** Installs the packed command into an empty folder, and returns the folder of its programs. */
export async function installCommand(folder: string): Promise<string> {
  const [built, installed] = [join(folder, 'package'), join(folder, 'installed')]
  await buildPackage(built)
  mkdirSync(installed)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', installed], { cwd: built, stdio: 'pipe' })
  const archive = readdirSync(installed).find((name) => name.endsWith('.tgz')) ?? ''
  writeFileSync(join(installed, 'package.json'), '{"private": true}')
  const args = ['install', '--offline', '--omit=optional', '--no-audit', '--no-fund', archive]
  execFileSync('npm', args, { cwd: installed, stdio: 'pipe' })
  return join(installed, 'node_modules/.bin')
}

/**
 * The terminal of a person: an empty home with an empty kubeconfig, the installed command and kubectl.
 * @param programs the folder that installCommand returned
 */
export async function openTerminal(
  { folder, kubernetes, publicUrl, provider }: Stage,
  person: string,
  programs: string,
) {
  const home = join(folder, `home-of-${person}`)
  mkdirSync(home)
  const env = {
    PATH: [programs, dirname(kubernetes.kubectl), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: home,
    KUBECONFIG: join(home, 'kubeconfig'),
    POSTERN_SERVER: publicUrl,
    POSTERN_TOKEN: await provider.sign(person, {}),
  }
  const run = (program: string, args: readonly string[], input = ''): Promise<Ran> =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: home, env: env as unknown as NodeJS.ProcessEnv })
      const ran: Ran = { code: null, out: '', err: '' }
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        ran.out += text
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        ran.err += text
      })
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      child.once('error', reject)
      child.once('close', (code) => resolve({ ...ran, code }))
    })
  return {
    env,
    run,
    kubectl: (...args: string[]) => run('kubectl', args),
    /** What a command of Postern printed, which must not have failed. */
    async postern(...args: string[]): Promise<string> {
      const { code, out, err } = await run('postern', args)
      if (code !== 0) throw new Error(`postern ${args.join(' ')} ended with code ${code}: ${out}${err}`)
      return out.trim()
    },
  }
}
