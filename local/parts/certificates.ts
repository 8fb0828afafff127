import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

type Pair = { cert: string; key: string }

/** The files of a cluster's certificates; every key file is readable by its owner only. */
export type Certificates = ReturnType<typeof certificateFiles>

const tenYears = 10 * 365 * 24 * 60 * 60 * 1000

function validity() {
  const now = Date.now()
  // An hour back: a clock that was set back a little must not stop the demo.
  return { notBeforeDate: new Date(now - 3_600_000), notAfterDate: new Date(now + tenYears) }
}

async function authority(name: string): Promise<Pair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...validity(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  })
  return { cert: made.cert, key: made.private }
}

async function issue(
  ca: Pair,
  use: 'server' | 'client' | 'both',
  commonName: string,
  organization?: string,
): Promise<Pair> {
  const subject = [{ name: 'commonName', value: commonName }]
  if (organization) subject.push({ name: 'organizationName', value: organization })
  const made = await generate(subject, {
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
        ],
      },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** An authority of its own, and a certificate by it for one server on this machine. PEM. */
export async function loopbackServer(name: string): Promise<{ ca: string } & Pair> {
  const ca = await authority(`${name}-authority`)
  return { ca: ca.cert, ...(await issue(ca, 'server', name)) }
}

function certificateFiles(directory: string) {
  const at = (name: string) => ({ cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) })
  return {
    ca: join(directory, 'ca.crt'),
    server: at('server'),
    admin: at('admin'),
    controllerManager: at('controller-manager'),
    scheduler: at('scheduler'),
    kwok: at('kwok'),
    kubeletClient: at('kubelet-client'),
    etcdCa: join(directory, 'etcd-ca.crt'),
    etcd: at('etcd'),
    serviceAccounts: { public: join(directory, 'service-accounts.pub'), key: join(directory, 'service-accounts.key') },
  }
}

/**
 * The certificates of one small cluster, made once and kept in `directory`: an authority for the API server and its
 * clients, another one for etcd (which would otherwise answer every user of this machine), and the key pair that signs
 * ServiceAccount tokens. The authorities' own keys are not kept: nobody can issue one more.
 */
export async function ensureCertificates(directory: string): Promise<Certificates> {
  const files = certificateFiles(directory)
  // Written last, so that half a set is made again.
  if (existsSync(files.serviceAccounts.key)) return files
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const write = (file: string, text: string) => writeFileSync(file, text, { mode: 0o600 })
  const [ca, etcdCa] = await Promise.all([authority('postern-local'), authority('postern-local-etcd')])
  write(files.ca, ca.cert)
  write(files.etcdCa, etcdCa.cert)
  const wanted: Array<[{ cert: string; key: string }, Promise<Pair>]> = [
    [files.server, issue(ca, 'server', 'kube-apiserver')],
    [files.admin, issue(ca, 'client', 'admin', 'system:masters')],
    [files.controllerManager, issue(ca, 'client', 'system:kube-controller-manager')],
    [files.scheduler, issue(ca, 'client', 'system:kube-scheduler')],
    [files.kwok, issue(ca, 'both', 'kwok', 'system:masters')],
    [files.kubeletClient, issue(ca, 'client', 'kube-apiserver-kubelet-client')],
    [files.etcd, issue(etcdCa, 'both', 'etcd')],
  ]
  for (const [pair, made] of wanted) {
    const { cert, key } = await made
    write(pair.cert, cert)
    write(pair.key, key)
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  write(files.serviceAccounts.public, createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString())
  write(files.serviceAccounts.key, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return files
}
