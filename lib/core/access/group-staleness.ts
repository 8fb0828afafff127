// How old may a signed-in person's groups be?

/** Seconds after which the identity provider is asked for the groups again. */
export const groupsFreshForSeconds = 300

/** Seconds until the next try when the provider did not answer. */
export const groupsRetrySeconds = 60
