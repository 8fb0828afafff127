import { AsyncLocalStorage } from 'node:async_hooks'

const references = new AsyncLocalStorage<string>()

/**
 * Runs `work`. Every call to a cluster that it makes has `reference` in its User-Agent, so that the API server's audit
 * log can be matched with Postern's log and audit events.
 */
export const underReference = <T>(reference: string, work: () => T): T => references.run(reference, work)

/** The reference of the current work; undefined outside `underReference()`. */
export const currentReference = (): string | undefined => references.getStore()

/** RFC 9110 §10.1.5: the product and a comment. */
export function userAgent(): string {
  const reference = currentReference()
  return reference === undefined ? 'postern' : `postern (reference ${reference})`
}
