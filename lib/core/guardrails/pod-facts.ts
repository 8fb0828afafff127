// What can someone do who gets into this pod? And which pods can a request get into?
import { z } from 'zod'
import { mostCapabilities, mostPods, type PodFacts } from '#lib/core/access/pod-facts'
import type { Rule } from '#lib/core/access/rule'

const securityContext = z
  .object({
    privileged: z.boolean().nullish(),
    runAsNonRoot: z.boolean().nullish(),
    runAsUser: z.number().nullish(),
    capabilities: z.object({ add: z.array(z.string()).nullish() }).nullish(),
    windowsOptions: z.object({ hostProcess: z.boolean().nullish() }).nullish(),
  })
  .nullish()
const containers = z.array(z.object({ securityContext })).nullish()

/** The fields of a pod that count, as the API server returns them. */
export const podShape = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), labels: z.record(z.string(), z.string()).nullish() }),
  spec: z.object({
    serviceAccountName: z.string().nullish(),
    hostNetwork: z.boolean().nullish(),
    hostPID: z.boolean().nullish(),
    hostIPC: z.boolean().nullish(),
    securityContext,
    containers,
    initContainers: containers,
    ephemeralContainers: containers,
    volumes: z
      .array(
        z.object({
          hostPath: z.unknown().optional(),
          projected: z
            .object({ sources: z.array(z.object({ serviceAccountToken: z.unknown().optional() })).nullish() })
            .nullish(),
        }),
      )
      .nullish(),
  }),
})

export function podFactsOf({ metadata, spec }: z.infer<typeof podShape>): PodFacts {
  const { securityContext: ofPod, volumes } = spec
  const all = [spec.containers, spec.initContainers, spec.ephemeralContainers].flatMap((some) => some ?? [])
  // A setting of a container replaces that of its pod.
  const contexts = all.map(({ securityContext: own }) => own)
  const isRootPossible = (own: (typeof contexts)[number]) =>
    (own?.runAsNonRoot ?? ofPod?.runAsNonRoot) !== true && !((own?.runAsUser ?? ofPod?.runAsUser ?? 0) > 0)
  const added = contexts.flatMap((own) => own?.capabilities?.add ?? [])
  const capabilities = [...new Set(added.map((name) => name.toUpperCase().replace(/^CAP_/, '')))].sort()
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    labels: metadata.labels ?? {},
    serviceAccountName: spec.serviceAccountName || 'default',
    mountsToken: (volumes ?? []).some(({ projected }) =>
      projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined),
    ),
    privileged:
      capabilities.length > mostCapabilities ||
      [ofPod, ...contexts].some((one) => one?.privileged === true || one?.windowsOptions?.hostProcess === true),
    hostNetwork: spec.hostNetwork === true,
    hostPID: spec.hostPID === true,
    hostIPC: spec.hostIPC === true,
    hostPath: (volumes ?? []).some(({ hostPath }) => hostPath !== undefined && hostPath !== null),
    mayRunAsRoot: contexts.some(isRootPossible),
    addedCapabilities: capabilities.slice(0, mostCapabilities),
  }
}

/** Subresources through which one gets into a pod. */
const entrances = ['exec', 'attach', 'portforward', 'ephemeralcontainers']
const patterns = new Set(['*', 'pods/*', ...entrances.flatMap((one) => [`pods/${one}`, `*/${one}`])])

const opensPods = ({ apiGroups, resources }: Rule) =>
  apiGroups.some((group) => group === '' || group === '*') && resources.some((resource) => patterns.has(resource))

/** Can these rules lead into a pod? */
export const reachesPods = (rules: readonly Rule[]): boolean => rules.some(opensPods)

/** The pods of the namespaces that the rules lead into; null if they are not known. */
export function reachedPods(
  rules: readonly Rule[],
  namespaces: readonly string[],
  known: Readonly<Record<string, readonly PodFacts[]>> | null,
): PodFacts[] | null {
  const opening = rules.filter(opensPods)
  if (opening.length === 0) return []
  const isReached = ({ name }: PodFacts) =>
    opening.some(({ resourceNames }) => !resourceNames?.length || resourceNames.includes(name))
  const found: PodFacts[] = []
  for (const namespace of new Set(namespaces)) {
    const pods = known && Object.hasOwn(known, namespace) ? known[namespace] : undefined
    if (!pods) return null
    found.push(...pods.filter(isReached))
  }
  return found.length > mostPods ? null : found
}
