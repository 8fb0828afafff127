// Risk family: certificates, by which the cluster knows people, nodes and programs. None can be revoked.
import { goodPractices, kep, type RiskFamily, rule, write, writeOrDelete } from './entry.ts'

const docs = 'https://kubernetes.io/docs'
const certificates = 'certificates.k8s.io'
const signing = `${docs}/reference/access-authn-authz/certificate-signing-requests/`

export const certificateRights: RiskFamily = {
  title: 'Certificates',
  entries: [
    {
      id: 'requests-certificates',
      severity: 'low',
      sentence: 'Can ask for a client certificate, which somebody else must approve.',
      outlives: 'the certificate request',
      source: signing,
      scope: 'cluster',
      abilities: [{ verbs: ['create'], groups: [certificates], resources: ['certificatesigningrequests'] }],
      example: [rule(['create'], ['certificatesigningrequests'], certificates)],
    },
    {
      id: 'approves-for-signers',
      severity: 'medium',
      sentence: 'Has half of the right to approve certificate requests: the other half may come from elsewhere.',
      outlives: null,
      source: signing,
      scope: 'cluster',
      abilities: [{ verbs: ['approve'], groups: [certificates], resources: ['signers'] }],
      example: [rule(['approve'], ['signers'], certificates)],
    },
    {
      id: 'gets-node-certificates',
      severity: 'medium',
      sentence: 'Has requests for the certificate of a node approved without anybody looking.',
      outlives: 'the certificate, until it expires',
      source: `${docs}/reference/access-authn-authz/kubelet-tls-bootstrapping/`,
      scope: 'cluster',
      abilities: [
        {
          verbs: ['create'],
          groups: [certificates],
          resources: ['certificatesigningrequests/nodeclient', 'certificatesigningrequests/selfnodeclient'],
        },
      ],
      example: [rule(['create'], ['certificatesigningrequests/nodeclient'], certificates)],
    },
    {
      id: 'approves-certificates',
      severity: 'high',
      sentence: 'Can approve certificate requests, and so who is let into the cluster; certificates cannot be revoked.',
      outlives: 'the certificates, until they expire',
      source: `${goodPractices}#csrs-and-certificate-issuing`,
      scope: 'cluster',
      abilities: [
        { verbs: ['update', 'patch'], groups: [certificates], resources: ['certificatesigningrequests/approval'] },
        { verbs: ['approve'], groups: [certificates], resources: ['signers'] },
      ],
      includes: ['approves-for-signers'],
      example: [
        rule(['update'], ['certificatesigningrequests/approval'], certificates),
        rule(['approve'], ['signers'], certificates),
      ],
    },
    {
      id: 'issues-certificates-to-self',
      severity: 'high',
      sentence: 'Can get a client certificate for any user name and approve it; it cannot be revoked.',
      outlives: 'the certificate, until it expires',
      source: `${goodPractices}#csrs-and-certificate-issuing`,
      scope: 'cluster',
      abilities: [
        { verbs: ['create'], groups: [certificates], resources: ['certificatesigningrequests'] },
        { verbs: ['update', 'patch'], groups: [certificates], resources: ['certificatesigningrequests/approval'] },
        { verbs: ['approve'], groups: [certificates], resources: ['signers'] },
      ],
      includes: ['requests-certificates', 'approves-certificates'],
      example: [
        rule(['create'], ['certificatesigningrequests'], certificates),
        rule(['update'], ['certificatesigningrequests/approval'], certificates),
        rule(['approve'], ['signers'], certificates),
      ],
    },
    {
      id: 'signs-certificates',
      severity: 'high',
      sentence: 'Can put certificates of their own making into requests that others rely on.',
      outlives: 'the certificates, until they expire',
      source: signing,
      scope: 'cluster',
      abilities: [{ verbs: ['sign'], groups: [certificates], resources: ['signers'] }],
      example: [rule(['sign'], ['signers'], certificates)],
    },
    {
      id: 'changes-trust-anchors',
      severity: 'high',
      sentence: 'Can decide which certificate authorities the programs of the cluster trust.',
      outlives: 'the changed trust bundles',
      source: kep(3257),
      scope: 'cluster',
      abilities: [{ verbs: writeOrDelete, groups: [certificates], resources: ['clustertrustbundles'] }],
      example: [rule(['create'], ['clustertrustbundles'], certificates)],
    },
    {
      id: 'requests-pod-certificates',
      severity: 'medium',
      sentence: 'Can ask for, or write the answer to, the certificate that proves which pod a program is.',
      outlives: 'the certificate, until it expires',
      source: kep(4317),
      scope: 'namespace',
      abilities: [
        {
          verbs: write,
          groups: [certificates],
          resources: ['podcertificaterequests', 'podcertificaterequests/status'],
        },
      ],
      example: [rule(['create'], ['podcertificaterequests'], certificates)],
    },
  ],
}
