// Namespaces in which no label asks for a Pod Security Standard: https://kubernetes.io/docs/concepts/security/pod-security-admission/
import { contentHash } from '#lib/core/access/content-hash'
import { isSystemNamespace, protectedNamespaces } from '#lib/core/access/namespaces'
import type { KeyedFinding } from './keyed-finding.ts'
import { kubectlLine } from './kubectl-text.ts'

const label = 'pod-security.kubernetes.io/enforce'

/** NB: the label `privileged` is a decision too. Namespaces of Kubernetes need privileged pods, and those of Postern run none. */
export const podSecurityFindings = (
  namespaces: readonly { name: string; labels: Record<string, string> }[],
): KeyedFinding[] =>
  namespaces
    .filter(({ name, labels }) => {
      const isOthers = !isSystemNamespace(name) && !protectedNamespaces.includes(name)
      return isOthers && !Object.hasOwn(labels, label)
    })
    .map(({ name }) => {
      const command = kubectlLine('label', 'Namespace', name, '', ` ${label}=baseline`)
      return {
        key: `no-pod-security Namespace ${name}`,
        digest: contentHash(['no-pod-security', name]),
        finding: {
          ...{ check: 'no-pod-security', severity: 'medium', subjects: [], moreSubjects: 0, path: [] },
          ...{ binding: { kind: 'Namespace', namespace: '', name }, role: { kind: '', name: '' } },
          because: [`no label ${label}`],
          sentence:
            'Pods may be privileged and take over their node, unless the API server or another admission controller forbids it.',
          // The API server warns of each pod that the label would refuse.
          fix: [`${command} --dry-run=server`, command],
        },
      }
    })
