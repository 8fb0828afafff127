import { type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'

// Where Postern calls, it is told by its configuration and by what the identity provider publishes. Some addresses are
// no service of anybody but the surroundings of the machine itself: there clouds hand out credentials to whoever asks
// from here. Postern does not call those, by number or by a name that leads there, unless the configuration names them.

const closed = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], // this host (RFC 1122 §3.2.1.3)
  ['169.254.0.0', 16], // link-local (RFC 3927): the metadata services of most clouds
  ['100.100.100.200', 32], // metadata, Alibaba Cloud
  ['192.0.0.192', 32], // metadata, Oracle Cloud
  ['224.0.0.0', 3], // multicast, reserved, broadcast
] as const)
  closed.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128], // unspecified
  ['fe80::', 10], // link-local
  ['fd00:ec2::', 32], // metadata, AWS
  ['fd20:ce::', 32], // metadata, Google Cloud
  ['64:ff9b::a9fe:0', 112], // 169.254.0.0/16 through NAT64 (RFC 6052)
  ['ff00::', 8], // multicast
] as const)
  closed.addSubnet(network, prefix, 'ipv6')

/** Addresses and networks (CIDR) that may be called although they are closed otherwise. */
export type Opened = readonly string[]

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

function isIn(list: Opened, address: string): boolean {
  const opened = new BlockList()
  for (const entry of list) {
    const [network = '', prefix] = entry.split('/')
    if (prefix === undefined) opened.addAddress(network, familyOf(network))
    else opened.addSubnet(network, Number(prefix), familyOf(network))
  }
  return opened.check(address, familyOf(address))
}

/** May this address be called? What is no address is not one that may. */
export function mayCall(address: string, opened: Opened): boolean {
  const plain = address.replace(/^\[|\]$/g, '').split('%')[0] ?? ''
  if (!isIP(plain)) return false
  return !closed.check(plain, familyOf(plain)) || isIn(opened, plain)
}

/** A call that was not made, because of where it leads. */
export class BlockedAddress extends Error {
  readonly code = 'EADDRBLOCKED'
  constructor(host: string) {
    super(`${host} leads to a link-local or metadata address, which Postern does not call`)
    this.name = 'AddressClosed'
  }
}

/**
 * Refuses a URL whose host is such an address, written out. Names are judged by the lookup below, when they are looked
 * up for the very connection: a name that led elsewhere a moment ago helps nobody.
 * @throws BlockedAddress
 */
export function refuseBlockedAddress(url: string | URL, opened: Opened): void {
  const { hostname } = new URL(url)
  const plain = hostname.replace(/^\[|\]$/g, '')
  if (isIP(plain) && !mayCall(plain, opened)) throw new BlockedAddress(hostname)
}

/** `lookup` for Node's sockets: as usual, but a name of which any address is closed leads nowhere. */
export const lookupAllowed =
  (opened: Opened): LookupFunction =>
  (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      if (!addresses.every(({ address }) => mayCall(address, opened))) return callback(new BlockedAddress(hostname), '')
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      callback(null, first?.address ?? '', first?.family)
    })
  }
