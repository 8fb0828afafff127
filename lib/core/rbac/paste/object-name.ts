// The name of an object in a command: a real name, or '' where the text leaves it open, with a note that says so.
import { type Gap, gapsIn, hasGap, shown } from './gaps.ts'
import type { KnownResource } from './known-resources.ts'
import { isObjectName } from './names.ts'
import type { Note } from './needed-permissions.ts'
import { isAbridged, isStandIn, maybeStandIn } from './notation.ts'

/** Groups whose names may have capital letters, colons and the like. All other names are DNS labels or subdomains. */
const freeNames = /^(?:rbac\.authorization\.k8s\.io|(?:user|oauth|authorization|security)\.openshift\.io)$/

const isFree = ({ group, kind }: KnownResource) => freeNames.test(group) || kind === ''

function whyOpen(resource: KnownResource, word: string, gaps: readonly Gap[]): string | undefined {
  const text = shown(word, gaps)
  if (hasGap(word)) {
    const isShell = gapsIn(word, gaps).some(({ label, kinds }) => kinds || /^[$`]/.test(label))
    return isShell ? `The shell fills in ${text}` : `${text} is a placeholder`
  }
  if (isAbridged(word)) return `${text} is not a complete name`
  if (isStandIn(word) && !(isFree(resource) && /^[A-Z]+$/.test(word))) return `${text} is a placeholder`
  return isObjectName(word) && (isFree(resource) || /^[a-z0-9.-]+$/.test(word))
    ? undefined
    : `${text} is not a valid name`
}

/** The one name that a refusal in the same paste gives for each resource, by `resource.group`. */
export type RefusedNames = ReadonlyMap<string, string>

type Line = { gaps: readonly Gap[]; notes: Note[]; refused?: RefusedNames | undefined }

/** The name that a refusal gives for an open word; undefined for objects that another command of the paste lists. */
function refusedName({ gaps, refused }: Line, { resource, group }: KnownResource, word: string): string | undefined {
  if (gapsIn(word, gaps).some(({ kinds }) => kinds)) return undefined
  return refused?.get(`${resource}.${group}`)
}

/** The name that a word is; '' where it is open. */
export function nameOf(line: Line, resource: KnownResource, given: string): string {
  // The full stop of a sentence.
  const word = isAbridged(given) ? given : given.replace(/[.,:;!]$/, '')
  const why = whyOpen(resource, word, line.gaps)
  const refused = why === undefined ? undefined : refusedName(line, resource, word)
  if (refused !== undefined) {
    const sentence = `${shown(word, line.gaps)} was read as ${shown(refused)}, which the refusal names.`
    line.notes.push({ code: 'refused-name', sentence })
    return refused
  }
  if (why !== undefined) {
    const sentence = `${why}, so the rules apply to any name. Replace it with the name of the ${resource.kind || 'object'}.`
    line.notes.push({ code: 'unknown-name', sentence })
    return ''
  }
  if (maybeStandIn(word))
    line.notes.push({
      code: 'maybe-placeholder',
      sentence: `${word} was read as a name. Replace it if it is a placeholder.`,
    })
  return word
}
