import { z } from 'zod'
import { kubectl, type Target } from './kubectl.ts'

// Secrets of the type kubernetes.io/service-account-token hold a token that never expires. The API server labels each with the day
// of its last use (KEP-2799), and refuses one that has a label with the day since when it is invalid.

export const labels = {
  lastUsed: 'kubernetes.io/legacy-token-last-used',
  invalidSince: 'kubernetes.io/legacy-token-invalid-since',
}
const accountAnnotation = 'kubernetes.io/service-account.name'

export type TokenSecret = {
  namespace: string
  name: string
  serviceAccount: string
  /** RFC 3339. */
  createdAt: string
  /** Days such as 2026-11-27; null if the API server recorded none. */
  lastUsedOn: string | null
  invalidSince: string | null
  /** The pods of its namespace that mount or read the Secret. */
  pods: string[]
}

const metadataSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  creationTimestamp: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
})

/** NB: kubectl prints only the metadata, so no token reaches this process. */
const printMetadata = '--output=jsonpath={range .items[*]}{.metadata}{"\\n"}{end}'
const printPods = '--output=jsonpath={range .items[*]}{.metadata}{"\\n"}{.spec}{"\\n"}{end}'

const linesOf = (text: string) => text.split('\n').filter(Boolean)

/** The names of Secrets anywhere in the specification of a pod: in volumes, projected volumes and variables. */
function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(secretsIn)
  return Object.entries(value).flatMap(([key, field]) => {
    const { secretName, name } = (typeof field === 'object' && field !== null ? field : {}) as Record<string, unknown>
    const named = ['secret', 'secretRef', 'secretKeyRef'].includes(key) ? [secretName, name] : []
    return [...named.filter((one): one is string => typeof one === 'string'), ...secretsIn(field)]
  })
}

/** The pods that use each Secret, by `namespace/name`. */
async function readUses(target: Target): Promise<Map<string, string[]>> {
  const printed = linesOf(await kubectl(target, ['get', 'pods', '--all-namespaces', printPods]))
  const uses = new Map<string, string[]>()
  for (let at = 0; at + 1 < printed.length; at += 2) {
    const { namespace, name } = metadataSchema.parse(JSON.parse(printed[at] ?? ''))
    for (const secret of new Set(secretsIn(JSON.parse(printed[at + 1] ?? '')))) {
      const key = `${namespace}/${secret}`
      uses.set(key, [...(uses.get(key) ?? []), name])
    }
  }
  return uses
}

/** Every Secret of a cluster that holds a token of a ServiceAccount, the oldest first. @throws KubectlError */
export async function readTokenSecrets(target: Target): Promise<TokenSecret[]> {
  const ofTokens = '--field-selector=type=kubernetes.io/service-account-token'
  const [printed, uses] = await Promise.all([
    kubectl(target, ['get', 'secrets', '--all-namespaces', ofTokens, printMetadata]),
    readUses(target),
  ])
  const secrets = linesOf(printed).map((text): TokenSecret => {
    const found = metadataSchema.parse(JSON.parse(text))
    const { namespace, name, creationTimestamp } = found
    return {
      ...{ namespace, name, serviceAccount: found.annotations[accountAnnotation] ?? '', createdAt: creationTimestamp },
      lastUsedOn: found.labels[labels.lastUsed] ?? null,
      invalidSince: found.labels[labels.invalidSince] ?? null,
      pods: uses.get(`${namespace}/${name}`) ?? [],
    }
  })
  return secrets.sort((one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt))
}
