import { expect, test } from 'vitest'
import { inspectToken } from './inspect-token.ts'

const now = new Date('2026-11-23T09:00:00Z')
const at = now.getTime() / 1000
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (claims: object, header: object = { alg: 'RS256', kid: 'k' }) =>
  `${part(header)}.${part(claims)}.c2lnbmF0dXJl`
const name = `postern-${'0'.repeat(26)}`
const ofGrant = {
  ...{
    iss: 'https://kubernetes.default.svc',
    sub: `system:serviceaccount:postern-grants:${name}`,
    aud: ['api'],
    jti: 'j',
  },
  ...{ iat: at - 600, nbf: at - 600, exp: at + 1800 },
  'kubernetes.io': { namespace: 'postern-grants', serviceaccount: { name, uid: 'u' } },
}

test('a token of a grant is described, with the grant and without its signature', () => {
  const inspection = inspectToken(token(ofGrant), now)
  expect(inspection).toMatchObject({ grantId: `grt_${'0'.repeat(26)}`, refusals: [], warnings: [] })
  expect(inspection?.sentences).toContain(`It is for the ServiceAccount ${name} in postern-grants.`)
  expect(inspection?.sentences).toContain('It expires in 30 minutes.')
  expect(JSON.stringify(inspection)).not.toContain('c2lnbmF0dXJl')
})

test.each<[string, object, object | undefined, object, string]>([
  ['expired', { ...ofGrant, exp: at - 600 }, undefined, {}, 'It expired'],
  ['not valid yet', { ...ofGrant, nbf: at + 600 }, undefined, {}, 'It is not valid for another'],
  ['without a signature', ofGrant, { alg: 'none' }, {}, 'no signature'],
  ['signed with a shared secret', ofGrant, { alg: 'HS256' }, {}, 'shared secret'],
  ['for another audience', ofGrant, undefined, { audience: 'vault' }, 'audience does not include vault'],
  ['of another issuer', ofGrant, undefined, { issuer: 'https://x' }, 'issuer is not https://x'],
])('a token that is %s would be refused', (_, claims, header, expected, sentence) => {
  expect(inspectToken(token(claims, header), now, expected)?.refusals).toEqual([expect.stringContaining(sentence)])
})

test('a token accepted within the leeway of clocks is not refused', () => {
  expect(inspectToken(token({ ...ofGrant, exp: at - 30, nbf: at + 30 }), now)?.refusals).toEqual([])
})

test('tokens that never expire, last for long or are stored in a Secret have a warning', () => {
  const { exp: _exp, ...forever } = ofGrant
  const legacy = { ...forever, 'kubernetes.io/serviceaccount/secret.name': 'api-token' }
  expect(inspectToken(token(legacy), now)?.warnings).toEqual([
    'It never expires.',
    'It is stored in the Secret api-token: anyone who can read that has it.',
  ])
  expect(inspectToken(token({ ...ofGrant, exp: at + 31_536_000 }), now)?.warnings).toHaveLength(1)
})

test.each([['abc'], ['a.b.c'], [''], [`${part({})}.${part({})}.x`], [`${part({ alg: 'RS256' })}.${part([1])}.x`]])(
  '%j is not a token',
  (text) => {
    expect(inspectToken(text, now)).toBeNull()
  },
)

test('a token that Postern signed itself is described with its grant', () => {
  const grantId = `grt_${'0'.repeat(26)}`
  const claims = { iss: 'https://postern.example.com', sub: `postern:grant:${grantId}`, iat: at, exp: at + 600 }
  const inspection = inspectToken(token(claims, { alg: 'EdDSA' }), now)
  expect(inspection).toMatchObject({ grantId, refusals: [], warnings: [] })
  expect(inspection?.sentences.join(' ')).toContain('a user for whom Postern vouches')
})
