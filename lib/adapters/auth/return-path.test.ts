import { expect, test } from 'vitest'
import { pathWithin } from './return-path.ts'

const postern = 'https://postern.example.com'

test('a path within Postern is kept with its query', () => {
  expect(pathWithin('/requests/req_1?x=1#decisions', postern)).toBe('/requests/req_1?x=1#decisions')
  expect(pathWithin(`${postern}/history`, postern)).toBe('/history')
})

test('a URL that could lead a browser to another site becomes the start page', () => {
  const elsewhere = [
    'https://evil.example/',
    '//evil.example/',
    '///evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    'https://postern.example.com@evil.example/',
    'https://postern.example.com.evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    `${postern}//evil.example`,
    '/api/auth/sign-out',
    '/sign-in?from=/sign-in',
    'http://[',
  ]
  for (const url of elsewhere) expect(pathWithin(url, postern), url).toBe('/')
})
