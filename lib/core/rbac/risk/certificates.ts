// Risk family: the certificates that identify people, nodes and programs to the cluster. None of them can be revoked.
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
      sentence: 'Can request a client certificate, which someone else must approve.',
      outlives: 'the certificate request',
      source: signing,
      scope: 'cluster',
      abilities: [{ verbs: ['create'], groups: [certificates], resources: ['certificatesigningrequests'] }],
      example: [rule(['create'], ['certificatesigningrequests'], certificates)],
    },
    {
      id: 'approves-for-signers',
      severity: 'medium',
      sentence: 'Can approve certificate requests, if another role lets them change the approval.',
      outlives: null,
      source: signing,
      scope: 'cluster',
      abilities: [{ verbs: ['approve'], groups: [certificates], resources: ['signers'] }],
      example: [rule(['approve'], ['signers'], certificates)],
    },
    {
      id: 'gets-node-certificates',
      severity: 'medium',
      sentence: 'Can obtain the certificate of a node, because such requests are approved automatically.',
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
      sentence: 'Can approve certificate requests, and so admit anyone to the cluster. Certificates cannot be revoked.',
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
      sentence: 'Can issue themselves a client certificate for any user name. It cannot be revoked.',
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
      sentence: 'Can answer certificate requests with certificates of their own, which others then rely on.',
      outlives: 'the certificates, until they expire',
      source: signing,
      scope: 'cluster',
      abilities: [{ verbs: ['sign'], groups: [certificates], resources: ['signers'] }],
      example: [rule(['sign'], ['signers'], certificates)],
    },
    {
      id: 'changes-trust-anchors',
      severity: 'high',
      sentence: 'Can decide which certificate authorities the programs in the cluster trust.',
      outlives: 'the changed trust bundles',
      source: kep(3257),
      scope: 'cluster',
      abilities: [{ verbs: writeOrDelete, groups: [certificates], resources: ['clustertrustbundles'] }],
      example: [rule(['create'], ['clustertrustbundles'], certificates)],
    },
    {
      id: 'requests-pod-certificates',
      severity: 'medium',
      sentence: 'Can request the certificate that identifies a pod, or write the response to such a request.',
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
