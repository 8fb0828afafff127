import { randomBytes } from 'node:crypto'
import { onPolicyChange } from '#lib/adapters/policy/current'
import { providerProblems, setProviderProblems } from '#lib/adapters/policy/provider-problems'
import { log } from '#lib/observability/log'
import { newReference } from '#lib/observability/reference'
import { callProvider } from './call-provider.ts'
import { identitySettings, publicOrigin } from './configuration.ts'
import { providerMetadata } from './discovery.ts'
import {
  clientRefused,
  type Misconfiguration,
  Misconfigured,
  unknownScope,
  wrongAlgorithm,
  wrongClock,
} from './misconfigured.ts'
import { providerId, scopesFor } from './options.ts'
import { requestTokens } from './token-endpoint.ts'
import { TokenError } from './token-errors.ts'

// Checks the connection to the identity provider before someone fails to sign in: at start, when the configuration
// changes, and once a minute while something is wrong.

/** Beyond this a token may not be valid yet, or no longer: the tolerance in verifying one is 60 s. */
const maxClockSeconds = 60
const recheckMs = 60_000
/** A refused sign-in triggers a check, but anyone can cause one. */
const atMostEveryMs = 10_000

type Metadata = Awaited<ReturnType<typeof providerMetadata>>

/** Does the provider know this client and its secret? It is sent a refresh token that it never issued. */
async function checkClient(metadata: Metadata): Promise<Misconfiguration | undefined> {
  try {
    await requestTokens(`postern-check-${randomBytes(12).toString('base64url')}`, metadata)
  } catch (error) {
    if (error instanceof TokenError && error.meaning === 'client') return clientRefused
  }
  return undefined
}

/**
 * Does the provider know the scopes? An authorization request with `prompt=none` (OpenID Connect Core §3.1.2.1) is
 * answered without a page; without a session there the answer is `login_required`.
 */
async function checkScopes(metadata: Metadata): Promise<Misconfiguration | undefined> {
  const scope = scopesFor(metadata)
  const url = new URL(metadata.authorizationEndpoint)
  const parameters = {
    client_id: identitySettings().clientId,
    response_type: 'code',
    redirect_uri: `${publicOrigin()}/api/auth/callback/${providerId}`,
    scope,
    prompt: 'none',
    state: randomBytes(16).toString('base64url'),
    nonce: randomBytes(16).toString('base64url'),
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const location = (await callProvider(url.href)).headers.get('location')
  const error = location === null ? null : URL.parse(location, url.href)?.searchParams.get('error')
  return error === 'invalid_scope' ? unknownScope(scope) : undefined
}

/** Everything that is wrong with the connection, as far as the provider responds. */
export async function checkProvider(): Promise<Misconfiguration[]> {
  try {
    const metadata = await providerMetadata()
    const { idTokenAlgorithm } = identitySettings()
    const { idTokenAlgorithms: offered, clockBehindSeconds: behind } = metadata
    const isOffered = offered === undefined || offered.includes(idTokenAlgorithm)
    const found = [
      isOffered
        ? undefined
        : wrongAlgorithm(
            idTokenAlgorithm,
            offered
              .map((one) => one.slice(0, 20))
              .slice(0, 10)
              .join(', '),
          ),
      behind !== undefined && Math.abs(behind) > maxClockSeconds ? wrongClock(behind) : undefined,
      await checkClient(metadata),
      await checkScopes(metadata),
    ]
    return found.filter((one) => one !== undefined)
  } catch (error) {
    // An outage is no misconfiguration.
    return error instanceof Misconfigured ? [error.misconfiguration] : []
  }
}

type State = { checkedAt: number; running: Promise<void> | undefined; timer: NodeJS.Timeout | undefined }
const shared = globalThis as typeof globalThis & { posternProviderCheck?: State }
shared.posternProviderCheck ??= { checkedAt: 0, running: undefined, timer: undefined }
const state = shared.posternProviderCheck

async function check() {
  const { issuer, clientId } = identitySettings()
  const problems = await checkProvider()
  state.checkedAt = Date.now()
  const before = providerProblems()
  const reference = problems.length > 0 ? before.reference || newReference() : ''
  setProviderProblems({ problems, reference })
  const known = new Set(before.problems.map(({ sentence }) => sentence))
  for (const { code, sentence } of problems) {
    if (!known.has(sentence)) log.error({ code, reference, issuer, clientId }, sentence)
  }
  clearTimeout(state.timer)
  if (problems.length > 0) state.timer = setTimeout(checkNow, recheckMs).unref()
}

function checkNow(): Promise<void> {
  state.running ??= check()
    .catch((error) => log.error({ err: error }, 'could not check the connection to the identity provider'))
    .finally(() => {
      state.running = undefined
    })
  return state.running
}

/** Checks the connection again after a sign-in failed because of it. */
export function checkProviderSoon() {
  if (Date.now() - state.checkedAt > atMostEveryMs) void checkNow()
}

/** Checks the connection now, and whenever the configuration changes. */
export function watchProvider() {
  onPolicyChange(() => void checkNow())
  void checkNow()
}
