// Refusals that no grant would change, and hints that the API server gives with one. A sentence each, for the person.
import type { NeededPermission, Note } from './needed-permissions.ts'

export const notSignedIn: Note = {
  code: 'not-signed-in',
  sentence: 'The API server did not know who was asking: sign in to the cluster again. More rights would not help.',
}

// Compared without any space, for a terminal breaks lines where it likes.
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
        'Nobody may write a role or binding with more rights than they hold themselves: a grant would not help.',
    },
  },
  {
    anyOf: ['must have cluster-admin privileges to use the aggregationRule'],
    note: {
      code: 'aggregation',
      sentence: 'Only administrators of the cluster may write a role that gathers others: a grant would not help.',
    },
  },
  {
    anyOf: ['ValidatingAdmissionPolicy'],
    note: {
      code: 'admission-policy',
      sentence: 'An admission policy of the cluster refused the object as it is, whoever sends it: change the object.',
    },
  },
  {
    anyOf: ['admission webhook "'],
    note: {
      code: 'admission-webhook',
      sentence: 'A webhook of the cluster refused the object as it is, whoever sends it: change the object.',
    },
  },
  {
    anyOf: ['violates PodSecurity'],
    note: {
      code: 'pod-security',
      sentence: 'The namespace does not take pods like this, whoever sends them: change the pod.',
    },
  },
  {
    anyOf: ['exceeded quota:'],
    note: { code: 'quota', sentence: 'The namespace has used up its quota: a grant would not help.' },
  },
  {
    anyOf: ['because it is being terminated'],
    note: { code: 'terminating', sentence: 'The namespace is being deleted and takes nothing new.' },
  },
  {
    anyOf: ['Forbidden (user='],
    note: {
      code: 'kubelet',
      sentence: 'A node refused the API server itself: that is for the administrators of the cluster.',
    },
  },
  {
    anyOf: ['requires one of ["', 'permission(s) in Cloud IAM', 'User does not have access to the resource in Azure'],
    note: {
      code: 'cloud',
      sentence:
        'The cloud provider names a right of its own beside that of Kubernetes; the Kubernetes right is enough.',
    },
  },
]

const missingRole = /(cluster)?role\.rbac\.authorization\.k8s\.io"([^"]{1,253})"notfound/g

/** What the readings of a refusal say besides what was refused. */
export function notesOf(
  readings: readonly string[],
  asks: readonly NeededPermission[],
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
  if (asks.some(({ verb }) => verb === 'impersonate')) {
    const sentence = 'The call was made as somebody else (--as): leave that out and ask for what you want to do.'
    notes.push({ code: 'impersonation', sentence })
  }
  if (!wasUnderstood && notes.length === 0 && squeezed.some((text) => /forbidden:User|isforbidden/.test(text))) {
    const sentence = 'This looks like a refusal, but not like one of the API server: what was refused is not clear.'
    notes.push({ code: 'not-understood', sentence })
  }
  return notes
}
