// Refusals that more access cannot change, and hints that come with a refusal: one sentence each for the reader.
import type { NeededPermission, Note } from './needed-permissions.ts'

export const notSignedIn: Note = {
  code: 'not-signed-in',
  sentence: "The API server didn't recognize the caller, so more access won't help. Sign in to the cluster again.",
}

// Texts are compared without spaces, because a terminal breaks lines anywhere.
const squeeze = (text: string) => text.replace(/\s/g, '')

type Sign = { anyOf: string[]; note: Note }

const signs: Sign[] = [
  {
    anyOf: [
      'You must be logged in to the server',
      'the server has asked for the client to provide credentials',
      '"reason":"Unauthorized"',
      'Error from server (Unauthorized)',
    ],
    note: notSignedIn,
  },
  {
    anyOf: ['is attempting to grant RBAC permissions not currently held'],
    note: {
      code: 'escalation',
      sentence:
        "Kubernetes refuses a role or binding with more permissions than its author holds, so access to roles won't help.",
    },
  },
  {
    anyOf: ['must have cluster-admin privileges to use the aggregationRule'],
    note: {
      code: 'aggregation',
      sentence: "Only a cluster administrator may write an aggregated ClusterRole, so more access won't help.",
    },
  },
  {
    anyOf: ['ValidatingAdmissionPolicy'],
    note: {
      code: 'admission-policy',
      sentence: 'An admission policy of the cluster rejects this object from any user. Change the object.',
    },
  },
  {
    anyOf: ['admission webhook "'],
    note: {
      code: 'admission-webhook',
      sentence: 'An admission webhook of the cluster rejects this object from any user. Change the object.',
    },
  },
  {
    anyOf: ['violates PodSecurity'],
    note: {
      code: 'pod-security',
      sentence: 'The Pod Security level of the namespace rejects this pod from any user. Change the pod.',
    },
  },
  {
    anyOf: ['exceeded quota:'],
    note: { code: 'quota', sentence: "The namespace has used up its quota, so more access won't help." },
  },
  {
    anyOf: ['because it is being terminated'],
    note: { code: 'terminating', sentence: 'The namespace is being deleted and accepts no new objects.' },
  },
  {
    anyOf: ['Forbidden (user='],
    note: {
      code: 'kubelet',
      sentence: 'A kubelet refused the API server itself. Contact the administrators of the cluster.',
    },
  },
  {
    anyOf: ['requires one of ["', 'permission(s) in Cloud IAM', 'User does not have access to the resource in Azure'],
    note: {
      code: 'cloud',
      sentence: 'The message also names a permission of the cloud provider. The Kubernetes permission is enough.',
    },
  },
]

const missingRole = /(cluster)?role\.rbac\.authorization\.k8s\.io"([^"]{1,253})"notfound/g

/** What the readings of a refusal say beyond the refused permissions. */
export function notesOf(
  readings: readonly string[],
  permissions: readonly NeededPermission[],
  wasUnderstood: boolean,
): Note[] {
  const squeezed = [...new Set(readings.map(squeeze))]
  const notes = signs.flatMap(({ anyOf, note }) =>
    anyOf.some((sign) => squeezed.some((text) => text.includes(squeeze(sign)))) ? [note] : [],
  )
  for (const text of squeezed) {
    for (const [, cluster, name = ''] of [...text.matchAll(missingRole)].slice(0, 5)) {
      const sentence = `A binding names the ${cluster ? 'ClusterRole' : 'Role'} ${name}, which does not exist.`
      notes.push({ code: 'missing-role', sentence })
    }
  }
  if (permissions.some(({ verb }) => verb === 'impersonate')) {
    const sentence = 'The call impersonates another user (--as). Leave that out and request what you want to do.'
    notes.push({ code: 'impersonation', sentence })
  }
  if (!wasUnderstood && notes.length === 0 && squeezed.some((text) => /forbidden:User|isforbidden/.test(text))) {
    const sentence = "This looks like a refusal, but doesn't name a permission in the API server's words."
    notes.push({ code: 'not-understood', sentence })
  }
  return notes
}
