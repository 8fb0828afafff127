// The person on call counts as a member of a group that no identity provider can send, and so does a person whom a step
// names. So approval steps, inboxes and guardrails treat both like any other group, and only this file, the rotas and
// named-people.ts know that they are none.
import { mailboxOf } from './same-person.ts'

const prefix = 'on-call:'
const personPrefix = 'person:'

/** The group of one person, named by e-mail address (in any of its spellings) or by subject. */
export const personGroup = (named: string): string =>
  `${personPrefix}${named.includes('@') ? (mailboxOf(named) ?? named) : named}`

/** The address or subject behind such a group; undefined for any other group. */
export const personIn = (group: string): string | undefined =>
  group.startsWith(personPrefix) ? group.slice(personPrefix.length) : undefined

/** Is this a group of Postern's own, which no identity provider and no configuration may name? */
export const isReservedGroup = (group: string): boolean => isOnCallGroup(group) || group.startsWith(personPrefix)

/** The group of those who are on call in this rota now. */
export const onCallGroup = (rota: string): string => `${prefix}${rota}`

/** The rota behind such a group; undefined for the groups of the identity provider. */
export const rotaOf = (group: string): string | undefined =>
  group.startsWith(prefix) ? group.slice(prefix.length) : undefined

export const isOnCallGroup = (group: string): boolean => group.startsWith(prefix)

/** A group as sentences name it. */
export const groupInWords = (group: string): string => {
  const rota = rotaOf(group)
  return rota === undefined ? (personIn(group) ?? group) : `the person on call for ${rota}`
}

/** The groups of a step, any of which may approve. */
export const groupsInWords = (groups: readonly string[]): string =>
  groups.map(groupInWords).join(' or ') || noGroupInWords

/** The groups of a step from which the policy has taken all of them since the submission. */
export const noGroupInWords = 'no one: no group may approve this step now'

type WrittenStep = { groups: readonly string[]; owners?: boolean; manager?: boolean }

/** The groups of a step as it is written, and words for those whom only a request names. */
export const writtenApprovers = ({ groups, owners, manager }: WrittenStep): string[] => [
  ...groups,
  ...(owners ? ['an owner of each namespace'] : []),
  ...(manager ? ['the requester’s manager'] : []),
]

/** Everyone who may approve a step as it is written. */
export const approversInWords = (step: WrittenStep): string => groupsInWords(writtenApprovers(step))

/**
 * The groups with which an earlier decision still counts: those that the person still has. Someone who was on call when
 * they decided is not asked to be on call later: rotas change every week, and a lost group means something else. A named
 * person remains the one who decided; whether a current step still names them is checked elsewhere (current-steps.ts).
 */
export const groupsStillCounting = (then: readonly string[], now: readonly string[]): string[] =>
  then.filter((group) => isReservedGroup(group) || now.includes(group))
