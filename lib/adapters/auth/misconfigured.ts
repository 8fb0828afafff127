/** Mistakes in the connection to the identity provider that only an administrator can correct. */
export type MisconfigurationCode =
  | 'issuer-slash'
  | 'other-issuer'
  | 'no-provider'
  | 'wrong-algorithm'
  | 'unknown-scope'
  | 'client-refused'
  | 'clock'

/** The sentence is for administrators: it names the field of the configuration and both values. */
export type Misconfiguration = { code: MisconfigurationCode; sentence: string }

export class Misconfigured extends Error {
  readonly misconfiguration: Misconfiguration
  constructor(code: MisconfigurationCode, sentence: string) {
    super(sentence)
    this.name = 'Misconfigured'
    this.misconfiguration = { code, sentence }
  }
}

/** Text from the provider, for a sentence. */
const quoted = (text: string) => `“${text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 300)}”`

/** Discovery §4.3: the issuer must be exactly the configured one, or any provider's keys would be accepted. */
export function otherIssuer(configured: string, received: string): Misconfigured {
  const both = `identity.issuer is ${quoted(configured)}, but the identity provider calls itself ${quoted(received)}`
  const withoutSlash = (text: string) => text.replace(/\/$/, '')
  return withoutSlash(configured) === withoutSlash(received)
    ? new Misconfigured('issuer-slash', `${both}: only the slash at the end differs, and it must not.`)
    : new Misconfigured('other-issuer', `${both}. Check the address and its realm or tenant.`)
}

export const noProvider = (url: string, answer: string): Misconfigured =>
  new Misconfigured('no-provider', `There is no OpenID provider at identity.issuer: ${quoted(url)} ${answer}.`)

export const wrongAlgorithm = (configured: string, used: string): Misconfiguration => ({
  code: 'wrong-algorithm',
  sentence: `The identity provider signs ID tokens with ${used}, but identity.idTokenAlgorithm is ${configured}.`,
})

export const unknownScope = (scopes: string): Misconfiguration => ({
  code: 'unknown-scope',
  sentence: `The identity provider does not accept one of the scopes ${quoted(scopes)}. Correct identity.scopes.`,
})

export const clientRefused: Misconfiguration = {
  code: 'client-refused',
  sentence:
    'The identity provider does not accept Postern as a client: identity.clientId or POSTERN_OIDC_CLIENT_SECRET is wrong.',
}

/** @param seconds by how much Postern's clock is behind; negative if it is ahead */
export const wrongClock = (seconds: number): Misconfiguration => ({
  code: 'clock',
  sentence: `Postern’s clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'behind' : 'ahead of'} the identity provider’s. Synchronize both.`,
})
