import { readFileSync } from 'node:fs'
import { request } from 'node:https'

/** Files that prove who asks, and whom to believe. */
export type Credentials = { ca: string; cert: string; key: string }

/** GET over HTTPS with a client certificate (file names in `credentials`); gives up after two seconds. */
export function httpsGet(url: string, credentials: Credentials): Promise<{ status: number; body: string }> {
  const [ca, cert, key] = [credentials.ca, credentials.cert, credentials.key].map((file) => readFileSync(file))
  return new Promise((resolve, reject) => {
    const call = request(url, { ca, cert, key, agent: false, timeout: 2000 }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (text) => {
        body += text
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      answer.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`${url} did not answer within 2 s`)))
    call.on('error', reject)
    call.end()
  })
}
