import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from '#local/processes/places'

/** The release that is tested. It needs Java 17. */
export const keycloakVersion = '26.7.3'

const has = (program: string, arg: string) => spawnSync(program, [arg], { stdio: 'ignore' }).status === 0

function run(program: string, args: string[], cwd: string) {
  const result = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr}${result.stdout}`)
}

/**
 * The directory of Keycloak, from Maven Central (177 MB, once per machine); undefined without Java, Maven or unzip.
 */
export function ensureKeycloak(say: (line: string) => void): string | undefined {
  if (!has('java', '-version')) return undefined
  const name = `keycloak-${keycloakVersion}`
  const directory = join(cacheDirectory, name)
  if (existsSync(directory)) return directory
  if (!has('mvn', '-version') || !has('unzip', '-v')) return undefined
  const unfinished = join(cacheDirectory, `.${name}.${process.pid}`)
  mkdirSync(unfinished, { recursive: true })
  say(`downloading Keycloak ${keycloakVersion} once, into ${directory}`)
  const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`
  const copy = ['-Dmdep.useBaseVersion=true', `-Dartifact=${artifact}`, `-DoutputDirectory=${unfinished}`]
  run('mvn', ['-q', '-B', 'dependency:get', `-Dartifact=${artifact}`, '-Dtransitive=false'], unfinished)
  run('mvn', ['-q', '-B', 'dependency:copy', ...copy], unfinished)
  run('unzip', ['-q', `keycloak-quarkus-dist-${keycloakVersion}.zip`], unfinished)
  renameSync(join(unfinished, name), directory)
  return directory
}
