import { expect, test } from 'vitest'
import { makeLog } from './log.ts'

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtaW5hIn0.c2lnbmF0dXJl'

function written(write: (log: ReturnType<typeof makeLog>) => void): string {
  let text = ''
  write(
    makeLog(
      {
        write: (line) => {
          text += line
        },
      },
      'info',
    ),
  )
  return text
}

test('a token is never logged, in whatever field, message or error it is', () => {
  const text = written((log) => {
    log.info({ access_token: token, nested: { Authorization: `Bearer ${token}`, list: [{ cookie: token }] } }, 'fields')
    log.warn(`a message with ${token} inside`)
    log.error({ err: new Error(`Bearer abcdefghijklmnop refused`, { cause: new Error(token) }) }, 'errors')
    log.info({ url: `https://x/?id_token_hint=${token}`, sealed: 'eyJlbmMiOiJBMjU2R0NNIn0..aXY.Y2lwaGVy.dGFn' })
  })
  expect(text).not.toContain('eyJ')
  expect(text).not.toContain('abcdefghijklmnop')
  expect(text.match(/\[removed\]/g)?.length).toBeGreaterThanOrEqual(7)
})

test('data that libraries attach to an error stays out of the log', () => {
  const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', response: { body: 'private' } })
  const text = written((log) => log.error({ err: error }))
  expect(text).toContain('ECONNREFUSED')
  expect(text).not.toContain('private')
})
