import { writeFileSync } from 'node:fs'

type Identity = { clientCertificate: string; clientKey: string } | { token: string }

/** Writes a kubeconfig (mode 600) with one context, which has the cluster's name. It refers to certificates by path. */
export function writeKubeconfig(
  file: string,
  cluster: { name: string; server: string; caFile: string | undefined },
  identity: Identity,
): string {
  const { name, server, caFile } = cluster
  const user =
    'token' in identity
      ? { token: identity.token }
      : { 'client-certificate': identity.clientCertificate, 'client-key': identity.clientKey }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
  writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 })
  return file
}
