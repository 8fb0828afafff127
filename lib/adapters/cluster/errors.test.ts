import { describe, expect, it } from 'vitest'
import { ClusterError, errorOfAnswer, errorOfConnection, parseRetryAfter, shownText } from './errors.ts'

const status = (message: string) => JSON.stringify({ kind: 'Status', message })
const now = new Date('2026-11-23T10:00:00Z')

describe('which answers are worth another try', () => {
  it.each([
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
  ] as const)('%d is %s', (code, kind) => {
    expect(errorOfAnswer(code, {}, status('no'))).toMatchObject({ kind, status: code })
  })
  it('no answer at all is', () => {
    const error = errorOfConnection(
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' }),
    )
    expect(error).toMatchObject({ kind: 'transient', message: 'The cluster cannot be reached (ECONNREFUSED).' })
  })
  it('what was judged already stays as it is', () => {
    const error = new ClusterError('refused', 'no')
    expect(errorOfConnection(error)).toBe(error)
  })
})

describe('what a cluster says is shown', () => {
  it('as its own sentence', () => {
    const error = errorOfAnswer(403, {}, status('roles is forbidden: User "x" cannot create resource "roles"'))
    expect(error.message).toBe(
      'The cluster refused it (403): roles is forbidden: User "x" cannot create resource "roles"',
    )
  })
  it('without tokens, control characters, reordering or length', () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`
    const { message } = errorOfAnswer(500, {}, status(`webhook said ${token}\u0000\u202e\n${'x'.repeat(5000)}`))
    expect(message).not.toContain('eyJ')
    expect(message).toMatch(/^The cluster is in trouble \(500\): webhook said \[removed\] x+$/)
    expect(message.length).toBeLessThan(600)
    expect(shownText('Authorization: Bearer abc.def')).toBe('Authorization: Bearer [removed]')
  })
  it('also when it is no JSON, or nothing', () => {
    expect(errorOfAnswer(502, {}, '<html>Bad Gateway</html>').message).toContain('<html>Bad Gateway</html>')
    expect(errorOfAnswer(502, {}, '').message).toContain('no explanation')
    expect(errorOfAnswer(502, {}, 'null').message).toContain('null')
  })
})

describe('Retry-After', () => {
  it.each([
    [undefined, undefined],
    ['2', 2000],
    ['0', 0],
    ['99999', 300_000],
    ['Mon, 23 Nov 2026 10:00:05 GMT', 5000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
  ])('%s', (header, ms) => expect(parseRetryAfter(header, now)).toBe(ms))
})
