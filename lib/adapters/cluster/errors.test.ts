import { describe, expect, test } from 'vitest'
import { ClusterError, errorOfConnection, errorOfResponse, parseRetryAfter, shownText } from './errors.ts'

const status = (message: string) => JSON.stringify({ kind: 'Status', message })
const now = new Date('2026-11-23T10:00:00Z')

describe('the kind of a failed call', () => {
  test.each([
    [401, 'transient'],
    [408, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [503, 'transient'],
    [400, 'refused'],
    [403, 'refused'],
    [422, 'refused'],
    [404, 'missing'],
    [409, 'exists'],
  ] as const)('a response with status %d is a %s failure', (code, kind) => {
    expect(errorOfResponse(code, {}, status('no'))).toMatchObject({ kind, status: code })
  })
  test('a call without a response is a transient failure', () => {
    const error = errorOfConnection(
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
    )
    expect(error).toMatchObject({ kind: 'transient', message: 'The cluster cannot be reached (ECONNREFUSED).' })
  })
  test('an error that is a ClusterError already stays as it is', () => {
    const error = new ClusterError('refused', 'no')
    expect(errorOfConnection(error)).toBe(error)
  })
})

describe('the message of a failed call', () => {
  test('a failure shows the cluster’s own explanation', () => {
    const error = errorOfResponse(403, {}, status('roles is forbidden: User "x" cannot create resource "roles"'))
    expect(error.message).toBe(
      'The cluster refused the call (403): roles is forbidden: User "x" cannot create resource "roles"',
    )
  })
  test('a failure’s message is one short line without tokens and control characters', () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`
    const { message } = errorOfResponse(500, {}, status(`webhook said ${token}\u0000\u202e\n${'x'.repeat(5000)}`))
    expect(message).not.toContain('eyJ')
    expect(message).toMatch(/^The cluster failed \(500\): webhook said \[removed\] x+$/)
    expect(message.length).toBeLessThan(600)
    expect(shownText('Authorization: Bearer abc.def')).toBe('Authorization: Bearer [removed]')
  })
  test('a failure whose body is not JSON, or is empty, still has a message', () => {
    expect(errorOfResponse(502, {}, '<html>Bad Gateway</html>').message).toContain('<html>Bad Gateway</html>')
    expect(errorOfResponse(502, {}, '').message).toContain('no explanation')
    expect(errorOfResponse(502, {}, 'null').message).toContain('null')
  })
})

describe('Retry-After', () => {
  test.each([
    [undefined, undefined],
    ['2', 2000],
    ['0', 0],
    ['99999', 300_000],
    ['Mon, 23 Nov 2026 10:00:05 GMT', 5000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
  ])('the header Retry-After: %s means %s ms', (header, ms) => expect(parseRetryAfter(header, now)).toBe(ms))
})
