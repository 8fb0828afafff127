import { createPublicKey } from 'node:crypto'
import { z } from 'zod'
import { idSchema } from './ids.ts'

// A browser in which a person wants to be notified (Push API, RFC 8030). Its endpoint is an address that the browser names and
// Postern calls, so it must be of a known push service.

/** The push services of Chrome, Firefox, Edge and Safari. */
export const knownPushServices = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  '*.notify.windows.com',
  '*.push.apple.com',
]

/** Is this host the service, or of its domain for `*.example.com`? */
const isHostOf = (service: string, host: string) =>
  service.startsWith('*.') ? host.endsWith(service.slice(1)) : host === service

/** Is it an address of one of these push services? Plain http is one on loopback only. */
export function isOfPushService(endpoint: string, services: readonly string[]): boolean {
  if (!URL.canParse(endpoint)) return false
  const { protocol, hostname, username, password } = new URL(endpoint)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1')
  return isSafe && !username && !password && services.some((service) => isHostOf(service, hostname))
}

/** Is it an uncompressed point on P-256 in base64url? No message can be encrypted for any other text. */
function isPublicKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 65 || bytes[0] !== 4) return false
  const [x, y] = [bytes.subarray(1, 33).toString('base64url'), bytes.subarray(33).toString('base64url')]
  try {
    createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } })
    return true
  } catch {
    return false
  }
}

export const pushSubscription = z.strictObject({
  endpoint: z.url('must be a URL').max(1000, 'must be at most 1,000 characters'),
  p256dh: z
    .string()
    .regex(/^[\w-]{87}$/, 'must have 87 characters')
    .refine(isPublicKey, 'must be a public key on P-256 of 65 bytes in base64url'),
  auth: z.string().regex(/^[\w-]{22}$/, 'must be 16 bytes in base64url'),
})
export type PushSubscription = z.infer<typeof pushSubscription>

export const browserId = z.strictObject({ id: idSchema('browser') })
