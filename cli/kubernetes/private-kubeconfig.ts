import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, writePrivately } from '../account/folders.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { clusterFrom, kubeconfigFor } from './entries.ts'
import { issue } from './issue.ts'

type Place = { contextName: string; namespace: string | null }

/** A kubeconfig for one command or one shell, which only this person can read. It has no token: the plugin fetches one. */
export async function privateKubeconfig(
  terminal: Terminal,
  api: Api,
  grant: string,
  { contextName, namespace }: Place,
) {
  const { kubeconfig } = await issue(terminal, api, grant)
  const entry = { name: contextName, cluster: clusterFrom(kubeconfig), namespace, grant, server: api.session.server }
  const file = join(cacheFolder(terminal.env), 'kubeconfigs', `${randomBytes(9).toString('hex')}.json`)
  writePrivately(file, JSON.stringify(kubeconfigFor(entry), null, 2))
  return { file, remove: () => rmSync(file, { force: true }) }
}
