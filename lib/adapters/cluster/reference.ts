import { AsyncLocalStorage } from 'node:async_hooks'

const references = new AsyncLocalStorage<string>()

/**
 * Runs `work`. Every call of a cluster that it makes names `reference` in its User-Agent, so that the API server's own
 * audit log says which of Postern's log lines and events it belongs to.
 */
export const underReference = <T>(reference: string, work: () => T): T => references.run(reference, work)

/** The reference of what is under way; undefined outside of any. */
export const currentReference = (): string | undefined => references.getStore()

/** RFC 9110 §10.1.5: the product, and a comment. */
export function userAgent(): string {
  const reference = currentReference()
  return reference === undefined ? 'postern' : `postern (reference ${reference})`
}
