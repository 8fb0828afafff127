import { identitySettings } from './configuration.ts'
import { asymmetricAlgorithms } from './id-token.ts'
import {
  clientRefused,
  type Misconfiguration,
  Misconfigured,
  unknownScope,
  wrongAlgorithm,
  wrongClock,
} from './misconfigured.ts'
import { meaningOf, recordedError } from './token-errors.ts'

// Why a sign-in was refused: a detailed sentence for the record, and a general one for the page, without details that
// would help someone who forges responses.

/** The values of `error` in `/sign-in?error=…`. */
const pageSentences = {
  unfinished: 'The sign-in took too long or was started in another browser. Sign in again.',
  declined: 'The identity provider did not sign you in. Try again, or contact your administrator.',
  'not-accepted': 'The response of the identity provider is invalid. Contact your Postern administrator.',
  misconfigured:
    'No one can sign in: Postern’s connection to the identity provider is misconfigured. Contact your Postern administrator.',
  unavailable: 'You can’t sign in right now. Try again in a minute.',
} as const

export type SignInProblemCode = keyof typeof pageSentences

/** The sentence for the `error` parameter of the sign-in page; undefined without one. */
export const signInSentence = (code: string | undefined): string | undefined =>
  code === undefined
    ? undefined
    : Object.hasOwn(pageSentences, code)
      ? pageSentences[code as SignInProblemCode]
      : pageSentences['not-accepted']

/** The reference to show with it. Anyone can write one into the URL, so anything that cannot be one is left out. */
export const signInReference = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9A-Za-z]{10}$/.test(value) ? value : undefined

export type SignInProblem = {
  page: SignInProblemCode
  code: string
  sentence: string
  /** The provider's own `error`, if it sent one. */
  providerError?: string | undefined
}

const problem = (page: SignInProblemCode, code: string, sentence: string): SignInProblem => ({ page, code, sentence })

const misconfigured = (misconfiguration: Misconfiguration): SignInProblem => ({
  page: 'misconfigured',
  ...misconfiguration,
})

/** The callback belongs to no sign-in of this browser. */
export const notStartedHere = problem(
  'unfinished',
  'unfinished',
  'the sign-in was started in another browser, or too long ago',
)

/** The callback belongs to none of the sign-ins that this browser started. */
export const otherSignIn = problem('unfinished', 'wrong-state', 'the response belongs to another sign-in (state)')

/** Error messages of openid-client, tried in this order. They may quote claims, so they are matched and never shown. */
const meanings: [RegExp, SignInProblem][] = [
  [/cookie was missing|could not be parsed|different provider/, notStartedHere],
  [/state (mismatch|missing)|checks\.state|response_state/, otherSignIn],
  [
    /missing scope: email/,
    problem('not-accepted', 'missing-scope', 'the provider did not grant the requested scope email'),
  ],
  [
    /missing scope/,
    problem('not-accepted', 'missing-scope', 'the provider did not grant the requested scope offline_access'),
  ],
  [
    /UserInfo is about another subject/,
    problem('not-accepted', 'wrong-subject', 'the provider’s UserInfo is about another person than its token'),
  ],
  [/nonce/, problem('not-accepted', 'wrong-nonce', 'the token belongs to another sign-in (nonce)')],
  [
    /unexpected iss value|iss mismatch|iss missing|response missing.*iss/,
    problem('not-accepted', 'wrong-issuer', 'the token was issued by another issuer'),
  ],
  [
    /aud(ience)? (mismatch|is missing)|aud mismatch|azp/,
    problem('not-accepted', 'wrong-audience', 'the token was issued for another audience'),
  ],
  [
    /expired|exp (mismatch|missing)|missing required JWT property exp|JWT not active|issued in the future/,
    problem('not-accepted', 'expired-token', 'the token has expired or is not valid yet'),
  ],
  [/unexpected JWT alg/, problem('not-accepted', 'wrong-algorithm', 'the token’s signature algorithm is not allowed')],
  [
    /no (valid|matching) key|multiple matching keys|kid/,
    problem('not-accepted', 'unknown-key', 'the token is signed with a key that the provider does not publish'),
  ],
  [
    /signature|failed to decode JWT|JWT malformed/,
    problem('not-accepted', 'bad-signature', 'the token’s signature is invalid'),
  ],
  [
    /timed out|timeout|ECONN|ENOTFOUND|EAI_AGAIN|socket hang up|does not respond|certificate|expected 200 OK, got: 5/i,
    problem('unavailable', 'provider-unavailable', 'the identity provider did not respond'),
  ],
]

const otherwise = problem('not-accepted', 'provider-error', 'the response of the identity provider is invalid')

/** The parts of openid-client's errors that Postern reads: those of OPError, and those of a token that is not valid yet. */
type LibraryError = { error?: unknown; response?: { statusCode?: unknown }; nbf?: unknown; now?: unknown }

/** The token endpoint refused the code. Some providers also name the scopes only here. */
function refusedCode(error: Error & LibraryError): SignInProblem | undefined {
  const providerError = recordedError(error.error)
  const status = error.response?.statusCode
  if (error.name !== 'OPError' || providerError === undefined || typeof status !== 'number') return undefined
  const meaning = meaningOf(status, providerError)
  if (meaning === 'client') return { ...misconfigured(clientRefused), providerError }
  if (meaning !== 'person') {
    const sentence = 'the identity provider could not sign the person in'
    return { ...problem('unavailable', 'provider-unavailable', sentence), providerError }
  }
  return declined(providerError)
}

/** The problem that an error of the sign-in library, or of discovery, means. */
export function signInProblem(error: unknown): SignInProblem {
  if (!(error instanceof Error)) return otherwise
  if (error instanceof Misconfigured) return misconfigured(error.misconfiguration)
  const refused = refusedCode(error)
  if (refused) return refused
  const text = `${error.name} ${error.message}`
  // An algorithm that the provider may well use. Any other comes from someone who forges tokens.
  const algorithm = /unexpected JWT alg received, expected \S+, got: (\S+)/.exec(text)?.[1]
  if (algorithm !== undefined && asymmetricAlgorithms.includes(algorithm))
    return misconfigured(wrongAlgorithm(identitySettings().idTokenAlgorithm, algorithm))
  const { nbf, now } = error as LibraryError
  if (/JWT not active/.test(text) && typeof nbf === 'number' && typeof now === 'number')
    return misconfigured(wrongClock(Math.round(nbf - now)))
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise
}

/** Postern itself failed: its database is unavailable, or there is a bug. */
export const ownProblem = problem('unavailable', 'internal', 'Postern could not create the session')

/** The problem that the provider's `error` response means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
export function declined(error: string): SignInProblem {
  const providerError = recordedError(error)
  if (error === 'temporarily_unavailable' || error === 'server_error') {
    const sentence = 'the identity provider could not sign the person in'
    return { ...problem('unavailable', 'provider-unavailable', sentence), providerError }
  }
  if (error === 'invalid_scope')
    return { ...misconfigured(unknownScope(identitySettings().scopes.join(' '))), providerError }
  if (error === 'unauthorized_client') return { ...misconfigured(clientRefused), providerError }
  if (error === 'invalid_grant') {
    const sentence = 'the identity provider no longer accepts the code of this sign-in'
    return { ...problem('unfinished', 'code-refused', sentence), providerError }
  }
  const sentence = 'the identity provider declined to sign the person in'
  return { ...problem('declined', 'provider-declined', sentence), providerError }
}
