import { expect, test } from 'vitest'
import { isOfPushService, knownPushServices } from './push-subscription.ts'

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
