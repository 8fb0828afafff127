// Syslog over TLS (RFC 5425). The protocol has no acknowledgement, so a batch has a connection of its own: a receiver that closes its
// side has read everything that was sent before ours was closed.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { BlockedAddress, type Exceptions, lookupAllowed, mayCall } from '#lib/adapters/outbound'

export type SyslogSettings = { name: string; host: string; port: number; caFile?: string | undefined }

/** Milliseconds, for a whole batch. */
const timeoutMs = 30_000

/**
 * Sends these frames in order. Resolves once the receiver has read all of them.
 * @throws if it can't be reached, its certificate is not valid, or the connection broke off; then some may have arrived
 */
export function sendSyslog({ host, port, caFile }: SyslogSettings, frames: readonly string[], exceptions: Exceptions) {
  return new Promise<void>((resolve, reject) => {
    if (isIP(host) && !mayCall(host, exceptions)) return reject(new BlockedAddress(host))
    const socket = connect({
      ...{ host, port, minVersion: 'TLSv1.2', lookup: lookupAllowed(exceptions) },
      ...(isIP(host) ? {} : { servername: host }),
      ...(caFile ? { ca: readFileSync(caFile) } : {}),
    })
    let isSent = false
    let isClosedByReceiver = false
    const late = () =>
      socket.destroy(new Error(`${host}:${port} did not read everything within ${timeoutMs / 1000} seconds`))
    const deadline = setTimeout(late, timeoutMs)
    socket.on('error', reject)
    socket.on('finish', () => {
      isSent = true
    })
    socket.on('end', () => {
      isClosedByReceiver = isSent
    })
    socket.on('close', () => {
      clearTimeout(deadline)
      if (isClosedByReceiver) resolve()
      else reject(new Error(`${host}:${port} closed the connection before it had read everything`))
    })
    // A receiver has nothing to say, but its end is noticed only by reading.
    socket.resume()
    socket.on('secureConnect', () => socket.end(frames.join('')))
  })
}
