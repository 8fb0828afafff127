import { readFileSync } from 'node:fs'
import { request } from 'node:https'

/** Paths of the client's certificate and key and of the trusted authority. */
export type Credentials = { ca: string; cert: string; key: string }

/** GET over HTTPS with a client certificate; fails after two seconds without a response. */
export function httpsGet(url: string, credentials: Credentials): Promise<{ status: number; body: string }> {
  const [ca, cert, key] = [credentials.ca, credentials.cert, credentials.key].map((file) => readFileSync(file))
  return new Promise((resolve, reject) => {
    const call = request(url, { ca, cert, key, agent: false, timeout: 2000 }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`${url} did not answer within 2 s`)))
    call.on('error', reject)
    call.end()
  })
}
