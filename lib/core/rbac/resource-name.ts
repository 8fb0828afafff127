/** Splits `pods/log`, as a rule writes it, into resource and subresource. */
export function splitResource(text: string): { resource: string; subresource: string } {
  const slash = text.indexOf('/')
  return slash < 0
    ? { resource: text, subresource: '' }
    : { resource: text.slice(0, slash), subresource: text.slice(slash + 1) }
}

/** A resource with its group as kubectl writes it: `pods`, `pods/log`, `deployments.apps`, `deployments.apps/scale`. */
export function resourceKey(group: string, text: string): string {
  if (group === '') return text
  const slash = text.indexOf('/')
  return slash < 0 ? `${text}.${group}` : `${text.slice(0, slash)}.${group}${text.slice(slash)}`
}
