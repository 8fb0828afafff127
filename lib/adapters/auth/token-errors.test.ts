import { expect, test } from 'vitest'
import { meaningOf, recordedError } from './token-errors.ts'

test.each([
  ['a revoked refresh token', 400, 'invalid_grant', 'person'],
  ['a revoked refresh token at Dex', 400, 'invalid_request', 'person'],
  ['an error that the specification does not name', 400, 'consent_required', 'person'],
  ['an error with status 403', 403, 'access_denied', 'person'],
  ['a wrong client secret', 401, 'invalid_client', 'client'],
  ['a wrong client secret at Keycloak', 401, 'unauthorized_client', 'client'],
  ['a wrong client secret with status 500', 500, 'invalid_client', 'client'],
  ['too many calls', 429, 'invalid_grant', 'pace'],
  ['a bad gateway', 502, undefined, 'pace'],
  ['an unavailable service', 503, 'invalid_grant', 'pace'],
  ['a gateway that waited too long', 504, undefined, 'pace'],
  ['a page of a proxy', 403, undefined, 'pace'],
  ['another service at this address', 404, undefined, 'pace'],
  ['an overload with status 400', 400, 'temporarily_unavailable', 'pace'],
  ['a person that Dex no longer knows', 500, 'invalid_request', 'failure'],
  ['a failure without a body', 500, undefined, 'failure'],
])('%s (%i %s) is an error about the %s', (_, status, error, meaning) => {
  expect(meaningOf(status, error)).toBe(meaning)
})

test('a provider’s error is recorded without control characters and at most 64 characters long', () => {
  expect(recordedError('invalid_grant')).toBe('invalid_grant')
  expect(recordedError(`in\u202evalid\n<b>${'x'.repeat(100)}`)).toBe(`invalidb${'x'.repeat(56)}`)
  expect(recordedError({ message: 'an object' })).toBeUndefined()
})
