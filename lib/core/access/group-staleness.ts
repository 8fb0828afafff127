// How old may a signed-in person's groups be?

/** Seconds after which the identity provider is asked for the groups again. */
export const groupsFreshForSeconds = 300

/** Seconds until the next try when the provider did not answer. */
export const groupsRetrySeconds = 60

/**
 * Seconds after which groups that the provider has not confirmed count for nothing: the person has no groups and no
 * roles, so they decide nothing. Whatever the reason, because Postern cannot tell an outage from a provider that no
 * longer wants to know a person.
 */
export const groupsCountForSeconds = 900
