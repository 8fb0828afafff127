// Names as Kubernetes accepts them. A parser hands on nothing that has not passed here.

export const isVerb = (text: string) => /^(\*|[a-z][a-z0-9:*-]{0,62})$/.test(text)

export const isGroup = (text: string) => /^(\*|[a-z0-9.-]{0,253})$/.test(text)

/** A plural resource, with or without a subresource. */
export const isResource = (text: string) =>
  /^(\*|[a-z0-9][a-z0-9.-]{0,252})(\/[a-zA-Z0-9*][a-zA-Z0-9.*/-]{0,252})?$/.test(text)

/** An RFC 1123 label. */
export const isNamespace = (text: string) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)

/** The loosest rule for any kind of object: one path segment without invisible characters. */
export const isObjectName = (text: string) =>
  /^[^/%\s"\p{Cc}\p{Cf}\p{Co}]{1,253}$/u.test(text) && text !== '.' && text !== '..'

/** A name that is not part of a path: a group or a user in an impersonation, a signer. */
export const isFreeName = (text: string) => /^[^\p{Cc}\p{Cf}\p{Co}]{1,253}$/u.test(text)
