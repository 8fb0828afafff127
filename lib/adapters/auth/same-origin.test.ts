import { expect, test } from 'vitest'
import { isSameOrigin } from './same-origin.ts'

const postern = 'https://postern.example.com'
const judge = (headers: Record<string, string>) => isSameOrigin(new Headers(headers), postern)

test('a write from one of Postern’s own pages is recognised by the browser’s headers', () => {
  expect(judge({ 'sec-fetch-site': 'same-origin', origin: postern })).toBe(true)
  expect(judge({ 'sec-fetch-site': 'same-origin' })).toBe(true)
  expect(judge({ origin: postern })).toBe(true)
})

test('a write from another site, a sibling host, a sandbox or a client without these headers is refused', () => {
  for (const headers of [
    {},
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: postern },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'https://postern.example.com.evil.example' },
    { origin: 'http://postern.example.com' },
  ]) {
    expect(judge(headers as Record<string, string>), JSON.stringify(headers)).toBe(false)
  }
})
