import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

type Pair = { cert: string; key: string }

/** Paths of a cluster's certificates. Only its owner can read a key file. */
export type Certificates = ReturnType<typeof certificateFiles>

const tenYears = 10 * 365 * 24 * 60 * 60 * 1000

function validity() {
  const now = Date.now()
  // Valid from an hour ago: the demo must still start after the clock was set back slightly.
  return { notBeforeDate: new Date(now - 3_600_000), notAfterDate: new Date(now + tenYears) }
}

async function authority(name: string): Promise<Pair> {
  const created = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  })
  return { cert: created.cert, key: created.private }
}

async function issue(
  ca: Pair,
  use: 'server' | 'client' | 'both',
  commonName: string,
  organization?: string,
  addresses: readonly string[] = [],
): Promise<Pair> {
  const subject = [{ name: 'commonName', value: commonName }]
  if (organization) subject.push({ name: 'organizationName', value: organization })
  const created = await generate(subject, {
    keyType: 'ec',
    algorithm: 'sha256',
    ca,
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: use !== 'client', clientAuth: use !== 'server' },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '10.0.0.1' },
          ...addresses.map((ip) => ({ type: 7 as const, ip })),
        ],
      },
    ],
  })
  return { cert: created.cert, key: created.private }
}

/** A certificate (PEM) for one server on this machine, issued by a new authority. `addresses` are further ones of the server. */
export async function loopbackServer(name: string, addresses: readonly string[] = []): Promise<{ ca: string } & Pair> {
  const ca = await authority(`${name}-authority`)
  return { ca: ca.cert, ...(await issue(ca, 'server', name, undefined, addresses)) }
}

function certificateFiles(directory: string) {
  const at = (name: string) => ({ cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) })
  return {
    ca: join(directory, 'ca.crt'),
    /** Only where the cluster signs certificates. */
    caKey: join(directory, 'ca.key'),
    server: at('server'),
    admin: at('admin'),
    controllerManager: at('controller-manager'),
    scheduler: at('scheduler'),
    kwok: at('kwok'),
    kubelet: at('kubelet'),
    kubeProxy: at('kube-proxy'),
    kubeletClient: at('kubelet-client'),
    etcdCa: join(directory, 'etcd-ca.crt'),
    etcd: at('etcd'),
    serviceAccounts: { public: join(directory, 'service-accounts.pub'), key: join(directory, 'service-accounts.key') },
  }
}

/**
 * Creates the certificates of a small cluster once and keeps them in `directory`: an authority for the API server and
 * its clients, another one for etcd (which would otherwise accept any client on this machine), and the key pair that
 * signs ServiceAccount tokens. The authorities' keys are not kept, so that no further certificate can be issued, unless the
 * cluster `signsCertificates`.
 */
export async function ensureCertificates(directory: string, signsCertificates = false): Promise<Certificates> {
  const files = certificateFiles(directory)
  // This file is written last: without it the set is incomplete and is created again.
  if (existsSync(files.serviceAccounts.key)) return files
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const write = (file: string, text: string) => writeFileSync(file, text, { mode: 0o600 })
  const [ca, etcdCa] = await Promise.all([authority('postern-local'), authority('postern-local-etcd')])
  write(files.ca, ca.cert)
  if (signsCertificates) write(files.caKey, ca.key)
  write(files.etcdCa, etcdCa.cert)
  const pairs: Array<[{ cert: string; key: string }, Promise<Pair>]> = [
    [files.server, issue(ca, 'server', 'kube-apiserver')],
    [files.admin, issue(ca, 'client', 'admin', 'system:masters')],
    [files.controllerManager, issue(ca, 'client', 'system:kube-controller-manager')],
    [files.scheduler, issue(ca, 'client', 'system:kube-scheduler')],
    [files.kwok, issue(ca, 'both', 'kwok', 'system:masters')],
    // Of a node that has the name localhost (local/node).
    [files.kubelet, issue(ca, 'both', 'system:node:localhost', 'system:nodes')],
    [files.kubeProxy, issue(ca, 'client', 'system:kube-proxy')],
    [files.kubeletClient, issue(ca, 'client', 'kube-apiserver-kubelet-client')],
    [files.etcd, issue(etcdCa, 'both', 'etcd')],
  ]
  for (const [pair, issued] of pairs) {
    const { cert, key } = await issued
    write(pair.cert, cert)
    write(pair.key, key)
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  write(files.serviceAccounts.public, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString())
  write(files.serviceAccounts.key, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return files
}
