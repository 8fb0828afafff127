import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kubectlAsAdmin } from './kubectl.ts'
import { openOwnCluster } from './own-cluster.ts'
import type { Parts } from './parts.ts'

const { kubernetes } = JSON.parse(readFileSync(process.env.POSTERN_PARTS ?? '', 'utf8')) as Parts
let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'postern-own-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const open = (kubeconfig = kubernetes.adminKubeconfig, context = kubernetes.name) =>
  openOwnCluster({ kubeconfig, context, kubectl: kubernetes.kubectl, name: 'mine', scratch })

describe('openOwnCluster', () => {
  test('reaches the user’s cluster through their kubeconfig and does not change that file', async () => {
    const before = readFileSync(kubernetes.adminKubeconfig, 'utf8')
    const cluster = await open()
    expect(cluster).toMatchObject({ server: kubernetes.server, adminKubeconfig: kubernetes.adminKubeconfig })
    expect(readFileSync(cluster.caFile ?? '', 'utf8').trim()).toBe(readFileSync(kubernetes.caFile, 'utf8').trim())
    expect(readFileSync(kubernetes.adminKubeconfig, 'utf8')).toBe(before)
  })

  test('refuses a kubeconfig that skips the verification of the server’s certificate', async () => {
    const config = JSON.parse(readFileSync(kubernetes.adminKubeconfig, 'utf8'))
    config.clusters[0].cluster = { server: kubernetes.server, 'insecure-skip-tls-verify': true }
    const file = join(scratch, 'insecure.kubeconfig')
    writeFileSync(file, JSON.stringify(config))
    await expect(open(file)).rejects.toThrow('does not verify the server')
  })

  test('refuses a context that the kubeconfig does not have', async () => {
    await expect(open(undefined, 'nowhere')).rejects.toThrow(/nowhere/)
  })

  test('refuses a cluster that has a namespace with a demo name which the demo did not create', async () => {
    const cluster = await open()
    const label = 'app.kubernetes.io/part-of'
    await kubectlAsAdmin(cluster, ['label', 'namespace', 'search', `${label}-`])
    try {
      await expect(open()).rejects.toThrow('this cluster already has namespace/search')
    } finally {
      await kubectlAsAdmin(cluster, ['label', 'namespace', 'search', `${label}=postern-demo`])
    }
  })
})
