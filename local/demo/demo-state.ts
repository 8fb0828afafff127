import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout, stateDirectory } from '#local/processes/places'
import { databaseUser, isReachable, letDatabaseUserPass } from '#local/processes/system-user'

/** What a demo keeps between starts. */
export type DemoState = {
  /** The folder of its data. */
  directory: string
  databaseDirectory: string
  /** The cluster that the data is about: `local`, or the kubeconfig and context of one's own cluster. */
  cluster: string
  clientSecret: string
  sessionSecret: string
  signingKey: string
  /** The previous ports, reused when they are free, so that bookmarks keep working. */
  ports: { postern?: number; identity?: number; postgres?: number; kubernetes?: number; smtp?: number; mail?: number }
}

const directory = join(stateDirectory, 'demo')
const stateFile = join(directory, 'state.json')

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivately(file: string, text: string) {
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/**
 * A folder for the database that PostgreSQL's user can reach: usually inside the checkout; if others can't enter that (a
 * checkout in root's home), in the temporary folder that survives a reboot.
 */
function chooseDatabaseDirectory(): string {
  const inside = join(directory, 'postgres')
  const user = databaseUser()
  if (!user) return inside
  letDatabaseUserPass(stateDirectory)
  letDatabaseUserPass(directory)
  if (isReachable(directory, user)) return inside
  const outside = join('/var/tmp', `postern-${createHash('sha256').update(checkout).digest('hex').slice(0, 12)}`)
  mkdirSync(outside, { recursive: true, mode: 0o700 })
  // Everyone may write to /var/tmp, so another user's folder, or a link to one, must not be used.
  const found = lstatSync(outside)
  if (!found.isDirectory() || found.uid !== 0) throw new Error(`${outside} belongs to another user: remove it`)
  letDatabaseUserPass(outside)
  return join(outside, 'postgres')
}

/**
 * The demo's state; created when there is none, or when its data is incomplete.
 * @throws when the data belongs to another cluster: its grants would name objects that don't exist
 */
export function openDemoState(options: { reset: boolean; cluster: string }): { state: DemoState; isNew: boolean } {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  chmodSync(stateDirectory, 0o700)
  const old = existsSync(stateFile) ? (JSON.parse(readFileSync(stateFile, 'utf8')) as DemoState) : undefined
  if (old && !options.reset && old.signingKey && existsSync(old.databaseDirectory)) {
    if (old.cluster !== options.cluster)
      throw new Error(`the demo's data belongs to another cluster: start with --reset`)
    if (databaseUser()) chooseDatabaseDirectory()
    return { state: old, isNew: false }
  }
  for (const path of [old?.databaseDirectory, directory]) if (path) rmSync(path, { recursive: true, force: true })
  mkdirSync(directory, { mode: 0o700 })
  const random = () => randomBytes(32).toString('base64url')
  const databaseDirectory = chooseDatabaseDirectory()
  rmSync(databaseDirectory, { recursive: true, force: true })
  const secrets = { clientSecret: random(), sessionSecret: random(), signingKey: random() }
  const state = { directory, databaseDirectory, cluster: options.cluster, ...secrets, ports: {} }
  return { state, isNew: true }
}

/** Saves the state for the next start. */
export function saveDemoState(state: DemoState) {
  writePrivately(stateFile, JSON.stringify(state, null, 2))
}
