import { afterAll, expect, test } from 'vitest'
import { startIdentityProvider } from '#local/parts/identity-provider'
import { signInAs } from '#local/parts/sign-in'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testPolicy } from '#testing/policy'
import { beginSignIn, finishSignIn } from './sign-in.ts'

const publicUrl = 'https://postern.example.com'
const redirectUri = `${publicUrl}/api/auth/callback/oidc`

const database = await testDatabase()
const provider = await startIdentityProvider({ redirectUris: [redirectUri], postLogoutRedirectUris: [] })
process.env.POSTERN_OIDC_CLIENT_SECRET = provider.clientSecret
const policy = await testPolicy(
  aConfiguration({
    publicUrl,
    identity: { issuer: provider.issuer, clientId: provider.clientId, apiAudience: provider.audience },
  }),
)
afterAll(async () => {
  await policy.stop()
  await provider.stop()
  await database.drop()
})

test('over https every cookie is __Host-, Secure and HttpOnly, so that no other host can set or read it', async () => {
  const begun = await beginSignIn(
    new Request(`${publicUrl}/api/auth/signin/oidc`, { method: 'POST', headers: { origin: publicUrl }, body: '' }),
  )
  const lines = begun.headers.getSetCookie()
  expect(lines.length).toBeGreaterThanOrEqual(3)
  const back = await signInAs(begun.headers.get('location') ?? '', redirectUri, 'mina')
  const cookie = lines.map((line) => line.split(';')[0]).join('; ')
  // Behind a proxy that terminates TLS, Next.js passes a request with its internal address instead of the public one.
  const inner = back.replace(publicUrl, 'http://10.0.0.1:3000')
  const finished = await finishSignIn(new Request(inner, { headers: { cookie } }))
  expect(finished.headers.get('location')).toBe(`${publicUrl}/`)
  const all = [...lines, ...finished.headers.getSetCookie()]
  expect(all.some((line) => line.startsWith('__Host-postern.session=ey'))).toBe(true)
  for (const line of all) {
    expect(line).toMatch(/^__Host-postern\.[a-z-]+(\.[\w-]{12})?=/)
    expect(line).toMatch(/; Secure/)
    expect(line).toMatch(/; HttpOnly/)
    expect(line).toMatch(/; Path=\/(;|$)/)
    expect(line).not.toMatch(/Domain=/i)
  }
})
