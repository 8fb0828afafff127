// What Kubernetes takes as a name. Whatever a parser reads must pass here before anybody else sees it.

export const isVerb = (text: string) => /^(\*|[a-z][a-z0-9:*-]{0,62})$/.test(text)

export const isGroup = (text: string) => /^(\*|[a-z0-9.-]{0,253})$/.test(text)

/** A resource in plural, with or without a subresource. */
export const isResource = (text: string) =>
  /^(\*|[a-z0-9][a-z0-9.-]{0,252})(\/[a-zA-Z0-9*][a-zA-Z0-9.*/-]{0,252})?$/.test(text)

/** An RFC 1123 label. */
export const isNamespace = (text: string) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)

/** The widest that any kind of object may be called: one segment of a path, without what does not show. */
export const isObjectName = (text: string) =>
  /^[^/%\s"\p{Cc}\p{Cf}]{1,253}$/u.test(text) && text !== '.' && text !== '..'
