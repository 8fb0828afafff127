// What permissions over the objects of extensions lead to. The permissions themselves are data: those of extensions.json,
// and those that `risks` in postern.yaml adds in the same form.
import type { Severity } from '#lib/core/access/severity'
import { goodPractices, type RiskEntry, rule, writeOrDelete } from './entry.ts'

/** A risk that many permissions lead to. `severity` is that of a permission that sets none itself. */
export type ExtensionKind = Pick<RiskEntry, 'id' | 'severity' | 'sentence' | 'outlives' | 'takesOver' | 'inPrivileged'>

export const extensionKinds = [
  {
    id: 'grants-access',
    severity: 'high',
    sentence: 'Can have an extension grant permissions, to themselves or to anyone else.',
    outlives: 'the permissions that were granted',
  },
  {
    id: 'changes-identities',
    severity: 'high',
    sentence: 'Can change who can sign in, as whom, and in which groups.',
    outlives: 'the changed identities',
  },
  {
    id: 'takes-credentials',
    severity: 'high',
    sentence: 'Can get tokens, keys, certificates or kubeconfigs from an extension.',
    outlives: 'the credentials, until they expire',
  },
  {
    id: 'fetches-secrets',
    severity: 'high',
    sentence: 'Can have an extension copy secrets into this namespace, or out of it.',
    outlives: 'the copied secrets',
  },
  {
    id: 'controls-nodes',
    severity: 'high',
    sentence: 'Can have an extension run programs as root on nodes, or replace nodes.',
    outlives: 'the changed nodes',
  },
  {
    id: 'loosens-pod-security',
    severity: 'high',
    sentence: 'Can let pods do more than their security policy allows, up to full control of nodes.',
    outlives: 'the changed policies',
  },
  {
    id: 'changes-policy-engines',
    severity: 'high',
    sentence: 'Can disable the rules of a policy engine, or exempt themselves from them.',
    outlives: 'the changed policies and exceptions',
  },
  {
    id: 'applies-objects',
    severity: 'high',
    sentence: 'Can have a controller create or change other objects, with the permissions of the controller.',
    outlives: 'the created objects',
    takesOver: true,
  },
  {
    id: 'installs-extensions',
    severity: 'high',
    sentence: 'Can install or reconfigure extensions, which often run as cluster administrators.',
    outlives: 'the installed extensions',
  },
  {
    id: 'reaches-other-clusters',
    severity: 'high',
    sentence: 'Can act in other clusters, with the permissions of a proxy or an agent there.',
    outlives: 'the changes in other clusters',
  },
  {
    id: 'grants-cloud-access',
    severity: 'high',
    sentence: 'Can grant permissions or create credentials in a cloud account.',
    outlives: 'the permissions and credentials in the cloud account',
  },
  {
    id: 'configures-cluster',
    severity: 'high',
    sentence: 'Can reconfigure the control plane, or operators that the cluster depends on.',
    outlives: 'the changed configuration',
  },
  {
    id: 'reaches-machines',
    severity: 'medium',
    sentence: 'Can reach into virtual machines, or control how they run.',
    outlives: 'a session that is open when the grant ends',
    inPrivileged: 'high',
  },
  {
    id: 'runs-programs',
    severity: 'medium',
    sentence: 'Can have an extension run programs, often as any service account in the namespace.',
    outlives: 'the workload and its pods',
    takesOver: true,
    inPrivileged: 'high',
  },
  {
    id: 'redirects-traffic',
    severity: 'medium',
    sentence: 'Can redirect, read or let through traffic in a mesh, a gateway or a network plugin.',
    outlives: 'the changed routes and policies',
  },
  {
    id: 'copies-data',
    severity: 'medium',
    sentence: 'Can copy data out of volumes and backups, or replace it by other data.',
    outlives: 'the copied or replaced data',
  },
  {
    id: 'changes-monitoring',
    severity: 'medium',
    sentence: 'Can hide alerts, or send metrics, logs and their credentials elsewhere.',
    outlives: 'the changed settings',
  },
  {
    id: 'drives-operators',
    severity: 'medium',
    sentence: 'Can make an operator act for them, often with far more permissions than they hold.',
    outlives: 'the actions of the operator',
    inPrivileged: 'high',
  },
] as const satisfies readonly ExtensionKind[]

/** A rule for every resource of every group has all of these risks, and most of the extensions are not even there. */
export const everyExtension: RiskEntry = {
  id: 'changes-every-extension',
  severity: 'high',
  sentence: 'Can change the objects of every extension, and so use the permissions of most operators.',
  outlives: 'the actions of the operators',
  source: goodPractices,
  scope: 'namespace',
  abilities: [{ verbs: writeOrDelete, groups: ['*'], resources: ['*'] }],
  includes: extensionKinds.map(({ id }) => id),
  example: [rule(['patch'], ['*'], '*')],
}

/** Permissions over resources of one API group that lead to a risk. */
export type ExtensionRisk = {
  group: string
  /** `*`: every resource of the group that no other entry names, without subresources. */
  resources: string[]
  /** Any of them has the risk. */
  verbs: string[]
  leadsTo: (typeof extensionKinds)[number]['id']
  /** What happens, for approvers. */
  why: string
  /** Absent: the severity of what it leads to. */
  severity?: Severity | undefined
  /** Only a ClusterRoleBinding can grant access to these resources. */
  scope?: 'cluster' | undefined
  /** A page that describes it. */
  source?: string | undefined
}
