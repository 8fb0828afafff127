// Whom does an error of the token endpoint concern? Only an error about the person may end their session; an error about
// Postern itself, or about the provider's load, would otherwise sign everyone out.

export type TokenErrorMeaning =
  /** The provider refuses this person or their token. */
  | 'person'
  /** The provider refuses Postern: a wrong client id or secret, or a grant type that the client may not use. */
  | 'client'
  /** The provider is unavailable or limits the pace. */
  | 'pace'
  /** The provider failed at this call. Some do so for a person that they no longer know. */
  | 'failure'

/** RFC 6749 §5.2. NB: Keycloak answers a wrong secret with `unauthorized_client`. */
const aboutClient = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])
/** Not defined for the token endpoint, but sent by some with a status of 400. */
const aboutPace = new Set(['temporarily_unavailable', 'slow_down', 'server_error'])

/** @param error the member `error` of the response (RFC 6749 §5.2); undefined if it has none */
export function meaningOf(status: number, error: string | undefined): TokenErrorMeaning {
  if (status === 429 || (status >= 502 && status <= 504)) return 'pace'
  if (error !== undefined && aboutClient.has(error)) return 'client'
  if (status >= 500) return 'failure'
  if (error !== undefined && aboutPace.has(error)) return 'pace'
  // Without an OAuth error it is the answer of something else: a proxy, or another service at a wrong address.
  return error === undefined ? 'pace' : 'person'
}

/** A provider's `error` as it may be recorded: it is untrusted text. Undefined if it is not text. */
export const recordedError = (error: unknown): string | undefined =>
  typeof error === 'string' ? error.replace(/[^\w.:-]/g, '').slice(0, 64) : undefined

/** The token endpoint responded with an error. */
export class TokenError extends Error {
  readonly meaning: TokenErrorMeaning
  /** The provider's own `error`; undefined if it sent none. */
  readonly providerError: string | undefined
  constructor(status: number, error: string | undefined) {
    super(`the token endpoint responded ${status}${error ? ` ${error}` : ''}`)
    this.name = 'TokenError'
    this.meaning = meaningOf(status, error)
    this.providerError = error
  }
}
