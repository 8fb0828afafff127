import { expect, test } from 'vitest'
import { isOfPushService, knownPushServices, pushSubscription } from './push-subscription.ts'

test.each([
  'https://fcm.googleapis.com/fcm/send/abc',
  'https://updates.push.services.mozilla.com/wpush/v2/abc',
  'https://wns2-by3p.notify.windows.com/w/?token=abc',
  'https://web.push.apple.com/abc',
])('%s is an address of a push service', (endpoint) => {
  expect(isOfPushService(endpoint, knownPushServices)).toBe(true)
})

test.each([
  'http://fcm.googleapis.com/fcm/send/abc',
  'https://fcm.googleapis.com.example.com/',
  'https://notify.windows.com.example.com/',
  'https://evilpush.apple.com/',
  'https://user:password@fcm.googleapis.com/',
  'https://10.0.0.1/',
  'https://169.254.169.254/latest/meta-data',
  'file:///etc/passwd',
  'not a URL',
])('%s is refused as a push service', (endpoint) => {
  expect(isOfPushService(endpoint, knownPushServices)).toBe(false)
})

/** With this key of the browser. */
const isAccepted = (p256dh: string) =>
  pushSubscription.safeParse({ endpoint: 'https://fcm.googleapis.com/x', p256dh, auth: 'BTBZMqHH6r4Tts7J_aSIgg' })
    .success

test('a subscription with the key of RFC 8291 is accepted', () => {
  expect(isAccepted('BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4')).toBe(
    true,
  )
})

test.each([
  ['a point beside the curve', `BC${'a'.repeat(85)}`],
  ['a compressed point', 'AiVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx'],
  ['an empty key', ''],
])('a subscription with %s, for which no message can be encrypted, is refused', (_what, p256dh) => {
  expect(isAccepted(p256dh)).toBe(false)
})
