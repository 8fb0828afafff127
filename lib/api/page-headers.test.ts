import { expect, test } from 'vitest'
import { contentSecurityPolicy, fileHeaders, securityHeaders } from './page-headers.ts'

const production = { nonce: 'abc', isDevelopment: false, isHttps: true, formOrigins: ['https://id.example.com'] }

test('in production scripts and styles need the response’s nonce, and no site may frame a page', () => {
  const policy = contentSecurityPolicy(production)
  expect(policy).not.toMatch(/unsafe/)
  expect(policy).toContain("script-src 'self' 'nonce-abc' 'strict-dynamic'")
  for (const directive of ["frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'", "default-src 'self'"]) {
    expect(policy.split('; ')).toContain(directive)
  }
  expect(policy).toContain("form-action 'self' https://id.example.com")
})

test('no response is sniffed or loaded by another site, and no page is framed', () => {
  const ofAll = {
    ...{ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' },
    'cross-origin-resource-policy': 'same-origin',
  }
  expect(fileHeaders(false)).toEqual(ofAll)
  expect(securityHeaders(false)).toMatchObject(ofAll)
})

test('browsers are told to use https only if Postern is served over https', () => {
  expect(securityHeaders(true)['strict-transport-security']).toBe('max-age=63072000')
  expect(securityHeaders(false)).not.toHaveProperty('strict-transport-security')
  expect(contentSecurityPolicy({ ...production, isHttps: false })).not.toContain('upgrade-insecure-requests')
})
