// The person on call counts as a member of a group that no identity provider can send. So approval steps, inboxes and
// guardrails treat a rota like any other group, and only this file and the rotas know that it is none.

const prefix = 'on-call:'

/** The group of those who are on call in this rota now. */
export const onCallGroup = (rota: string): string => `${prefix}${rota}`

/** The rota behind such a group; undefined for the groups of the identity provider. */
export const rotaOf = (group: string): string | undefined =>
  group.startsWith(prefix) ? group.slice(prefix.length) : undefined

export const isOnCallGroup = (group: string): boolean => group.startsWith(prefix)

/** A group as sentences name it. */
export const groupInWords = (group: string): string => {
  const rota = rotaOf(group)
  return rota === undefined ? group : `the person on call for ${rota}`
}

/** The groups of a step, any of which may approve. */
export const groupsInWords = (groups: readonly string[]): string => groups.map(groupInWords).join(' or ')

/**
 * The groups with which an earlier decision still counts: those that the person still has. Someone who was on call when
 * they decided is not asked to be on call later: rotas change every week, and a lost group means something else.
 */
export const groupsStillCounting = (then: readonly string[], now: readonly string[]): string[] =>
  then.filter((group) => isOnCallGroup(group) || now.includes(group))
