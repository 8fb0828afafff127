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

export const pushSubscription = z.strictObject({
  endpoint: z.url('must be a URL').max(1000, 'must be at most 1,000 characters'),
  /** An uncompressed point on P-256, which begins with 4. */
  p256dh: z.string().regex(/^B[\w-]{86}$/, 'must be a public key of 65 bytes in base64url'),
  auth: z.string().regex(/^[\w-]{22}$/, 'must be 16 bytes in base64url'),
})
export type PushSubscription = z.infer<typeof pushSubscription>

export const browserId = z.strictObject({ id: idSchema('browser') })
