import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PushSubscription } from '#lib/core/access/push-subscription'

/** A key pair for tests only, as `notifications.browser.publicKey` and POSTERN_VAPID_KEY. */
export function vapidKeys(): { publicKey: string; privateKey: string } {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  return { publicKey: pair.getPublicKey('base64url'), privateKey: pair.getPrivateKey('base64url') }
}

export type Pushed = { title: string; body: string; tag: string; path: string }

export type PushService = {
  /** For `notifications.browser.services` and `openAddresses`. */
  host: string
  /** A browser subscribes, and receives what is pushed to it. */
  subscribe(): { subscription: PushSubscription; received: Pushed[]; topics: string[] }
  /** What was wrong with calls, in order. */
  refused(): readonly string[]
  /** From now on it answers so, to one browser or to all; undefined: 201. `hang`: not at all. */
  answer(how: Answer | undefined, endpoint?: string): void
  stop(): Promise<void>
}
type Answer = { status: number; headers?: Record<string, string> } | 'hang'

/** RFC 8188 §2 and RFC 8291 §3: one record of aes128gcm, encrypted for this browser. */
function decrypt(body: Buffer, browser: ReturnType<typeof createECDH>, auth: Buffer): string {
  const salt = body.subarray(0, 16)
  const senderKey = body.subarray(21, 21 + (body[20] ?? 0))
  const record = body.subarray(21 + (body[20] ?? 0))
  const expand = (key: Buffer, salt: Buffer, info: Buffer, length: number) =>
    Buffer.from(hkdfSync('sha256', key, salt, info, length))
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), senderKey])
  const secret = expand(browser.computeSecret(senderKey), auth, keyInfo, 32)
  const key = expand(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = expand(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const decipher = createDecipheriv('aes-128-gcm', key, nonce)
  decipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  const end = padded.lastIndexOf(2)
  if (end < 0) throw new Error('the record has no delimiter of a last record')
  return padded.subarray(0, end).toString('utf8')
}

/** What is wrong with an `authorization` header (RFC 8292); null for a valid one. */
function whyNotVapid(header: string | undefined, audience: string, publicKey: string): string | null {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(header ?? '') ?? []
  if (key !== publicKey) return 'another key'
  const [head = '', claims = '', signature = ''] = token.split('.')
  const point = Buffer.from(key, 'base64url')
  const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')]
  const jwk = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } })
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: jwk, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  if (!isSigned) return 'a wrong signature'
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
  if (aud !== audience) return 'another audience'
  const seconds = Number(exp) - Date.now() / 1000
  if (!(seconds > 0 && seconds <= 86_400)) return 'an expiry that is past or more than a day ahead'
  return typeof sub === 'string' && /^(mailto:|https:)/.test(sub) ? null : 'no contact'
}

/** A push service on loopback with the documented behaviour: it verifies who pushes, and its browsers decrypt. */
export async function startPushService(publicKey: string): Promise<PushService> {
  type Browser = { keys: ReturnType<typeof createECDH>; auth: Buffer; received: Pushed[]; topics: string[] }
  const browsers = new Map<string, Browser>()
  const refused: string[] = []
  const answers = new Map<string, Answer>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url ?? ''
    const how = answers.get(path) ?? answers.get('')
    if (how === 'hang') return
    const browser = browsers.get(path)
    if (how || !browser) {
      response.writeHead(how?.status ?? 404, how?.headers).end()
      return
    }
    const { authorization, ttl, topic, 'content-encoding': encoding } = request.headers
    const wrong =
      whyNotVapid(authorization, base, publicKey) ??
      (/^\d+$/.test(String(ttl)) ? null : 'no TTL') ??
      (encoding === 'aes128gcm' ? null : 'another encoding')
    if (wrong) {
      refused.push(wrong)
      response.writeHead(403).end()
      return
    }
    browser.received.push(JSON.parse(decrypt(Buffer.concat(chunks), browser.keys, browser.auth)) as Pushed)
    browser.topics.push(String(topic))
    response.writeHead(201).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    host: '127.0.0.1',
    subscribe: () => {
      const keys = createECDH('prime256v1')
      keys.generateKeys()
      const browser: Browser = { keys, auth: randomBytes(16), received: [], topics: [] }
      const path = `/push/${randomBytes(16).toString('base64url')}`
      browsers.set(path, browser)
      const { received, topics, auth } = browser
      const subscription = {
        endpoint: `${base}${path}`,
        p256dh: keys.getPublicKey('base64url'),
        auth: auth.toString('base64url'),
      }
      return { subscription, received, topics }
    },
    refused: () => refused,
    answer: (how, endpoint) => {
      const path = endpoint === undefined ? '' : new URL(endpoint).pathname
      if (how) answers.set(path, how)
      else answers.delete(path)
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
