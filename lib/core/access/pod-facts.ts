import { z } from 'zod'

const text = z.string().max(4000)

/** What guardrails see of a pod. Stored with the verdict, so a field that is not named here is not stored. */
export const podFacts = z.strictObject({
  namespace: text,
  name: text,
  labels: z.record(text, text),
  serviceAccountName: text,
  /** Whether a token of the service account is mounted. */
  mountsToken: z.boolean(),
  privileged: z.boolean(),
  hostNetwork: z.boolean(),
  hostPID: z.boolean(),
  hostIPC: z.boolean(),
  /** Whether a directory of the node is mounted. */
  hostPath: z.boolean(),
  /** Whether nothing in the specification prevents a container from running as root. */
  mayRunAsRoot: z.boolean(),
  /** Of all containers, without `CAP_`. */
  addedCapabilities: z.array(text),
})
export type PodFacts = z.infer<typeof podFacts>

/** Pods of a namespace. A namespace with more is not known: a part of them proves nothing. */
export const mostPodsPerNamespace = 250

/** Of one pod. Kubernetes has about forty. */
export const mostCapabilities = 64

/** Pods of a request, in all of its namespaces. */
export const mostPods = 500

/** Why Postern lists pods, in the list of its own permissions. It can grant access without that one. */
export const podsNeededFor = 'guardrails that use pods'
