import { expect, test } from 'vitest'
import { readAdvisories } from './advisories.ts'

test('only high and critical advisories are problems', () => {
  const of = (severity: string) => ({
    severity,
    range: '<1.2.3',
    via: [{ title: 'reads what it should not' }, 'other'],
  })
  const printed = JSON.stringify({ vulnerabilities: { a: of('high'), b: of('moderate'), c: of('critical') } })
  expect(readAdvisories(printed)).toEqual({
    known: true,
    problems: ['a <1.2.3: high, reads what it should not', 'c <1.2.3: critical, reads what it should not'],
  })
  expect(readAdvisories('{"vulnerabilities":{}}')).toEqual({ known: true, problems: [] })
})

test('a registry that does not answer never counts as one without advisories', () => {
  for (const [printed, why] of [
    ['{"message":"405 Method Not Allowed","method":"POST","statusCode":405}', '405 Method Not Allowed'],
    ['{"error":{"code":"ENOLOCK","summary":"This command requires an existing lockfile."}}', /lockfile/],
    ['<html>captive portal</html>', /captive/],
    ['{}', 'npm audit returned no report'],
    ['', 'npm audit printed nothing'],
  ] as const) {
    const read = readAdvisories(printed)
    expect(read).toEqual({ known: false, why: typeof why === 'string' ? why : expect.stringMatching(why) })
  }
})
