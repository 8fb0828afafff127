// Why a sign-in was refused: a detailed sentence for the record, and a general one for the page, without details that
// would help someone who forges responses.

/** The values of `error` in `/sign-in?error=…`. */
const pageSentences = {
  unfinished: 'The sign-in took too long or was started in another browser. Sign in again.',
  declined: 'The identity provider did not sign you in. Try again, or contact your administrator.',
  'not-accepted': 'The response of the identity provider is invalid. Contact your Postern administrator.',
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

export type SignInProblem = { page: SignInProblemCode; code: string; sentence: string }

const problem = (page: SignInProblemCode, code: string, sentence: string): SignInProblem => ({ page, code, sentence })

/** Error messages of openid-client, tried in this order. They may quote claims, so they are matched and never shown. */
const meanings: [RegExp, SignInProblem][] = [
  [
    /cookie was missing|could not be parsed|different provider/,
    problem('unfinished', 'unfinished', 'the sign-in was started in another browser, or too long ago'),
  ],
  [
    /state (mismatch|missing)|checks\.state|response_state/,
    problem('unfinished', 'wrong-state', 'the response belongs to another sign-in (state)'),
  ],
  [
    /missing scope: email/,
    problem('not-accepted', 'missing-scope', 'the provider did not grant the requested scope email'),
  ],
  [
    /missing scope/,
    problem('not-accepted', 'missing-scope', 'the provider did not grant the requested scope offline_access'),
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

/** The problem that an error of the sign-in library means. */
export function signInProblem(error: unknown): SignInProblem {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error)
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise
}

/** Postern itself failed: its database is unavailable, or there is a bug. */
export const ownProblem = problem('unavailable', 'internal', 'Postern could not create the session')

/** The problem that the provider's `error` response means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
export const declined = (error: string): SignInProblem =>
  error === 'temporarily_unavailable' || error === 'server_error'
    ? problem('unavailable', 'provider-unavailable', 'the identity provider could not sign the person in')
    : problem('declined', 'provider-declined', 'the identity provider declined to sign the person in')
