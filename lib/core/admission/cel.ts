// Parts of CEL expressions for the API server.

/** A value as a CEL literal: JSON is valid CEL. */
export const literal = (value: string | readonly string[]): string => JSON.stringify(value)

/** Both branches of the condition have the type dyn, so that CEL accepts maps and lists of any content. */
export const orElse = (path: string, otherwise: string): string =>
  `has(${path}) && ${path} != null ? dyn(${path}) : dyn(${otherwise})`

/** The labels of an object, in an expression that returns the object. */
export const metadataLabels = (object: string): string => `(${orElse(`${object}.metadata.labels`, '{}')})`

/** matchesGlob (lib/core/access/glob.ts) for an expression that returns a name. */
export function globCondition(text: string, glob: string): string {
  if (!glob.includes('*')) return `${text} == ${literal(glob)}`
  const pattern = glob
    .split('*')
    .map((part) => part.replace(/[.]/g, '[.]'))
    .join('.*')
  return `${text}.matches(${literal(`^${pattern}$`)})`
}

export const anyOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'false' : conditions.map((condition) => `(${condition})`).join(' || ')
export const allOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? 'true' : conditions.map((condition) => `(${condition})`).join(' && ')

/** Every label of the selector, in an expression that returns a map of labels. */
export const labelConditions = (labels: string, selector: Readonly<Record<string, string>>): string[] =>
  Object.entries(selector).map(
    ([key, value]) => `${literal(key)} in ${labels} && ${labels}[${literal(key)}] == ${literal(value)}`,
  )
