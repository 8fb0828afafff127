import { expect, test } from 'vitest'
import { AppError, type ErrorCode } from '#lib/core/access/errors'
import { problemOf } from './problem.ts'

test('an error with a code that does not exist is answered as an internal error, without its sentence', async () => {
  for (const code of ['__proto__', 'constructor', 'toString', 'made-up', '']) {
    const response = problemOf(new AppError(code as ErrorCode, 'There is a credential.'), 'ref')
    expect(response.status, code).toBe(500)
    expect(await response.json()).toMatchObject({ code: 'internal', status: 500 })
  }
})
