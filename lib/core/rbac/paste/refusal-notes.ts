// Hints that come with a refusal, and refusals that are not a matter of permissions: one sentence each for the reader.
import type { NeededPermission, Note } from './needed-permissions.ts'
import { signs } from './refusal-signs.ts'

// Texts are compared without spaces, because a terminal breaks lines anywhere.
export const squeeze = (text: string) => text.replace(/\s/g, '')

const squeezedSigns = signs.map(({ anyOf, note }) => ({ anyOf: anyOf.map(squeeze), note }))

const notesIn = (squeezed: string): Note[] =>
  squeezedSigns.flatMap(({ anyOf, note }) => (anyOf.some((sign) => squeezed.includes(sign)) ? [note] : []))

const missingRole = /(cluster)?role\.rbac\.authorization\.k8s\.io"([^"]{1,253})"notfound/g

/** A webhook's own sentence says more than that it is a webhook. */
const withoutGeneral = (notes: Note[]): Note[] =>
  notes.some(({ code }) => code === 'gke') ? notes.filter(({ code }) => code !== 'admission-webhook') : notes

const notUnderstood: Note = {
  code: 'not-understood',
  sentence: "This looks like a refusal, but doesn't name a permission in the API server's words.",
}

/** The owner of an object, whose `finalizers` the caller may not change. */
function ownerNote(squeezed: string, isUnderstood: boolean): Note[] {
  if (!squeezed.includes('cannotsetblockOwnerDeletion') || isUnderstood) return []
  const sentence =
    "The object has an owner, and you may not update the owner's finalizers. A grant can allow that: request the verb update on the resource of the owner with /finalizers, such as deployments/finalizers."
  return [{ code: 'owner-finalizers', sentence }]
}

const maxSegments = 50

/** The refusals of a text that no sign explains: those that name a user, and all others. */
function unexplained(squeezed: string): { named: number; others: number } {
  const segments = squeezed
    .split('isforbidden:', maxSegments)
    .slice(1)
    .filter((segment) => notesIn(segment).length === 0 && !/cannotsetblock|notpermittedto/.test(segment))
  const named = segments.filter((segment) => /^.{0,3}User/.test(segment)).length
  return { named, others: segments.length - named }
}

/**
 * What the readings of a refusal say beyond the refused permissions.
 * @param sentences how many sentences of the API server one reading contains at most
 * @param isUnderstood whether anything else was understood
 */
export function notesOf(
  readings: readonly string[],
  permissions: readonly NeededPermission[],
  sentences: number,
  isUnderstood: boolean,
): Note[] {
  const squeezed = [...new Set(readings.map(squeeze))]
  const isOwnerNamed = permissions.some(({ subresource }) => subresource === 'finalizers')
  const notes = withoutGeneral(squeezed.flatMap((text) => [...notesIn(text), ...ownerNote(text, isOwnerNamed)]))
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
  const isLost =
    sentences === 0 &&
    !isUnderstood &&
    notes.length === 0 &&
    squeezed.some((text) => /forbidden:User|isforbidden/.test(text))
  const [first = ''] = squeezed
  const rest = unexplained(first)
  if (isLost || rest.named > sentences || (rest.others > 0 && !isUnderstood)) notes.push(notUnderstood)
  return notes
}
