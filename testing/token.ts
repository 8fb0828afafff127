import { readFileSync } from 'node:fs'
import https from 'node:https'
import { testParts } from './database.ts'

/** The status with which the tests' API server responds to this token: 200, 401 or 403. */
export async function statusFor(token: string, path: string): Promise<number | undefined> {
  const { server, caFile } = testParts().kubernetes
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const options = { ca: readFileSync(caFile), headers: { authorization: `Bearer ${token}` }, agent: false }
  https
    .get(new URL(path, server), options, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    .on('error', reject)
  return promise
}

/** What the holder of a grant of the company's `payments-restart` may do. */
export const deploymentsIn = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`
