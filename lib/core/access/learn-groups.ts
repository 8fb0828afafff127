// Which groups a person has when the identity provider has named different ones at different times.

/** Groups that the identity provider named, and when it did. */
export type NamedGroups = { groups: readonly string[]; at: Date }

/** Why an answer of the identity provider has no usable list of groups. */
export const groupsProblems = ['absent', 'overage', 'unusable'] as const
export type GroupsProblem = (typeof groupsProblems)[number]

export const inBoth = (a: readonly string[], b: readonly string[]): string[] => a.filter((group) => b.includes(group))

/**
 * What is known after the provider has also named these groups. Newer groups replace the known ones; older ones change
 * nothing, however late they arrive. Groups of the same time are intersected, because no one can tell which came last.
 * So the result is the same in every order of arrival.
 */
export function learnGroups(known: NamedGroups | null, named: NamedGroups): NamedGroups {
  if (!known || named.at > known.at) return named
  if (named.at < known.at) return known
  return intersected(known, named)
}

/**
 * What is known after the provider has just been asked, at a sign-in or a refresh. Such an answer looks older than the
 * known groups only if another one overtook it or two clocks differ, so its groups are intersected instead of ignored.
 */
export const learnAnswer = (known: NamedGroups | null, answer: NamedGroups): NamedGroups =>
  known && answer.at <= known.at ? intersected(known, answer) : answer

const intersected = (known: NamedGroups, named: NamedGroups): NamedGroups => ({
  groups: inBoth(known.groups, named.groups),
  at: known.at,
})
