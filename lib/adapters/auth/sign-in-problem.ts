// Why a sign-in was refused: what is recorded, and what the person is told. The page's sentence names no detail that
// would help somebody who forges answers.

/** What stands in `/sign-in?error=`. */
const pageSentences = {
  unfinished: 'That sign-in was not finished here, or took too long. Please start again.',
  declined: 'The identity provider did not sign you in.',
  'not-accepted': 'The identity provider’s answer could not be accepted. Please tell whoever runs Postern.',
  unavailable: 'Signing in is not possible right now. Please try again in a minute.',
} as const

export type SignInProblemCode = keyof typeof pageSentences

/** The sentence for the `error` parameter of the sign-in page; undefined where there is none to show. */
export const signInSentence = (code: string | undefined): string | undefined =>
  code === undefined
    ? undefined
    : Object.hasOwn(pageSentences, code)
      ? pageSentences[code as SignInProblemCode]
      : pageSentences['not-accepted']

export type SignInProblem = { page: SignInProblemCode; code: string; sentence: string }

const problem = (page: SignInProblemCode, code: string, sentence: string): SignInProblem => ({ page, code, sentence })

/** What openid-client says (its messages carry claims, so only their beginnings are read), in the order to be tried. */
const meanings: [RegExp, SignInProblem][] = [
  [
    /cookie was missing|could not be parsed|different provider/,
    problem('unfinished', 'unfinished', 'the sign-in was not begun in this browser, or too long ago'),
  ],
  [
    /state (mismatch|missing)|checks\.state|response_state/,
    problem('unfinished', 'wrong-state', 'the answer belongs to another sign-in (state)'),
  ],
  [
    /less than asked: the scope email/,
    problem('not-accepted', 'less-than-asked', 'the provider gave less than was asked for: the scope email'),
  ],
  [
    /less than asked/,
    problem('not-accepted', 'less-than-asked', 'the provider gave less than was asked for: the scope offline_access'),
  ],
  [/nonce/, problem('not-accepted', 'wrong-nonce', 'the token belongs to another sign-in (nonce)')],
  [
    /unexpected iss value|iss mismatch|iss missing|response missing.*iss/,
    problem('not-accepted', 'wrong-issuer', 'the token is from another issuer'),
  ],
  [
    /aud(ience)? (mismatch|is missing)|aud mismatch|azp/,
    problem('not-accepted', 'wrong-audience', 'the token is for another audience'),
  ],
  [
    /expired|exp (mismatch|missing)|missing required JWT property exp|JWT not active|issued in the future/,
    problem('not-accepted', 'expired-token', 'the token is not valid at this time'),
  ],
  [
    /unexpected JWT alg/,
    problem('not-accepted', 'wrong-algorithm', 'the token is signed in a way that is not allowed'),
  ],
  [
    /no (valid|matching) key|multiple matching keys|kid/,
    problem('not-accepted', 'unknown-key', 'the token is signed with a key that the provider does not publish'),
  ],
  [
    /signature|failed to decode JWT|JWT malformed/,
    problem('not-accepted', 'bad-signature', 'the token’s signature is wrong'),
  ],
  [
    /timed out|timeout|ECONN|ENOTFOUND|EAI_AGAIN|socket hang up|does not answer|certificate|expected 200 OK, got: 5/i,
    problem('unavailable', 'provider-unavailable', 'the identity provider did not answer'),
  ],
]

const otherwise = problem('not-accepted', 'provider-error', 'the identity provider’s answer was not as it must be')

/** What is meant by an error of the sign-in library. */
export function signInProblem(error: unknown): SignInProblem {
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error)
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? otherwise
}

/** Postern itself could not finish: its database is away, or something is wrong with it. */
export const ownProblem = problem('unavailable', 'internal', 'Postern could not begin the session')

/** What the provider's own `error` answer means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
export const declined = (error: string): SignInProblem =>
  error === 'temporarily_unavailable' || error === 'server_error'
    ? problem('unavailable', 'provider-unavailable', 'the identity provider could not sign the person in')
    : problem('declined', 'provider-declined', 'the identity provider declined to sign the person in')
