import { expect, test } from 'vitest'
import { lookupAllowed, mayCall, refuseBlockedAddress } from './outbound.ts'

test.each([
  '169.254.169.254',
  '169.254.170.2',
  '::ffff:169.254.169.254',
  '[::ffff:a9fe:a9fe]',
  '64:ff9b::169.254.169.254',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'fd20:ce::254',
  '100.100.100.200',
  '192.0.0.192',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  '255.255.255.255',
  'not-an-address',
])('Postern does not call %s', (address) => {
  expect(mayCall(address, [])).toBe(false)
})

test.each(['127.0.0.1', '::1', '10.0.0.1', '192.168.1.1', '203.0.113.9', '2001:db8::1', 'fd12:3456::1', '169.253.0.1'])(
  'Postern may call %s, because clusters have private addresses',
  (address) => expect(mayCall(address, [])).toBe(true),
)

test('Postern calls the blocked addresses that the configuration allows, and no others', () => {
  expect(mayCall('169.254.10.7', ['169.254.10.0/24'])).toBe(true)
  expect(mayCall('169.254.169.254', ['169.254.10.0/24'])).toBe(false)
  expect(mayCall('fe80::2', ['fe80::2'])).toBe(true)
  expect(mayCall('fe80::3', ['fe80::2'])).toBe(false)
})

test.each([
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://[::ffff:169.254.169.254]:6443/',
  'https://①⑥⑨.254.169.254/',
])('%s is refused as the metadata address, however it is written', (url) => {
  expect(() => refuseBlockedAddress(url, [])).toThrow(/does not call/)
})

const lookedUp = (name: string, exceptions: string[] = [], all = false) =>
  new Promise<unknown>((resolve, reject) => {
    lookupAllowed(exceptions)(name, { all }, (error, address) => (error ? reject(error) : resolve(address)))
  })

test('looking up a name that resolves to a blocked address fails, and any other name resolves', async () => {
  // The system's resolver reads this number as 169.254.169.254, as if a name server had answered with it.
  await expect(lookedUp('2852039166')).rejects.toMatchObject({ code: 'EADDRBLOCKED' })
  await expect(lookedUp('2852039166', [], true)).rejects.toMatchObject({ code: 'EADDRBLOCKED' })
  expect(await lookedUp('2852039166', ['169.254.169.254'])).toBe('169.254.169.254')
  expect(await lookedUp('localhost')).toMatch(/^(127\.0\.0\.1|::1)$/)
  await expect(lookedUp('no-such-name.invalid')).rejects.toMatchObject({ code: /ENOTFOUND|EAI_AGAIN/ })
})
