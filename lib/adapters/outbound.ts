import { type LookupOptions, lookup } from 'node:dns'
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net'

// Postern calls the addresses in its configuration and those that the identity provider publishes. Some addresses
// belong to the machine's own environment: cloud metadata services hand out credentials to any caller on the machine.
// Postern never calls those, neither by IP address nor by a name that resolves to one, unless the configuration allows
// it.

const blocked = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], // this host (RFC 1122 §3.2.1.3)
  ['169.254.0.0', 16], // link-local (RFC 3927): the metadata services of most clouds
  ['100.100.100.200', 32], // metadata, Alibaba Cloud
  ['192.0.0.192', 32], // metadata, Oracle Cloud
  ['224.0.0.0', 3], // multicast, reserved, broadcast
] as const)
  blocked.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128], // unspecified
  ['fe80::', 10], // link-local
  ['fd00:ec2::', 32], // metadata, AWS
  ['fd20:ce::', 32], // metadata, Google Cloud
  ['64:ff9b::a9fe:0', 112], // 169.254.0.0/16 through NAT64 (RFC 6052)
  ['ff00::', 8], // multicast
] as const)
  blocked.addSubnet(network, prefix, 'ipv6')

/** Networks inside a house (RFC 1918, 4193, 6598) and the machine itself: blocked for an address that a person has sent. */
const internal = new BlockList()
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  internal.addSubnet(network, prefix, 'ipv4')
internal.addAddress('::1', 'ipv6')
internal.addSubnet('fc00::', 7, 'ipv6')

/** `public`: the address does not come from the configuration, so it must not lead inside. */
export type Scope = 'any' | 'public'

/** Addresses and networks (CIDR) that the configuration allows although they are blocked by default. */
export type Exceptions = readonly string[]

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')

function isIn(list: Exceptions, address: string): boolean {
  const networks = new BlockList()
  for (const entry of list) {
    const [network = '', prefix] = entry.split('/')
    if (prefix === undefined) networks.addAddress(network, familyOf(network))
    else networks.addSubnet(network, Number(prefix), familyOf(network))
  }
  return networks.check(address, familyOf(address))
}

/** May Postern call this IP address? False for text that is not an IP address. */
export function mayCall(address: string, exceptions: Exceptions, scope: Scope = 'any'): boolean {
  const plain = address.replace(/^\[|\]$/g, '').split('%')[0] ?? ''
  if (!isIP(plain)) return false
  const isBlocked = (list: BlockList) => list.check(plain, familyOf(plain))
  return !(isBlocked(blocked) || (scope === 'public' && isBlocked(internal))) || isIn(exceptions, plain)
}

/** A call that Postern did not make, because its address is blocked. */
export class BlockedAddress extends Error {
  readonly code = 'EADDRBLOCKED'
  constructor(host: string, scope: Scope = 'any') {
    super(
      scope === 'public'
        ? `${host} is or resolves to an internal address, which Postern does not call for a person`
        : `${host} is or resolves to a link-local or metadata address, which Postern does not call`,
    )
    this.name = 'AddressClosed'
  }
}

/**
 * Refuses a URL whose host is a blocked IP address. Host names are checked by `lookupAllowed`, at the lookup for the
 * connection itself: an earlier check proves nothing, because a name may resolve to another address a moment later.
 * @throws BlockedAddress
 */
export function refuseBlockedAddress(url: string | URL, exceptions: Exceptions, scope: Scope = 'any'): void {
  const { hostname } = new URL(url)
  const plain = hostname.replace(/^\[|\]$/g, '')
  if (isIP(plain) && !mayCall(plain, exceptions, scope)) throw new BlockedAddress(hostname, scope)
}

/** A `lookup` for Node's sockets that fails when any of the name's addresses is blocked. */
export const lookupAllowed =
  (exceptions: Exceptions, scope: Scope = 'any'): LookupFunction =>
  (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      if (!addresses.every(({ address }) => mayCall(address, exceptions, scope)))
        return callback(new BlockedAddress(hostname, scope), '')
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      callback(null, first?.address ?? '', first?.family)
    })
  }
