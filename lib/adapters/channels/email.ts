import { connect, isIP } from 'node:net'
import nodemailer from 'nodemailer'
import { BlockedAddress, type Exceptions, lookupAllowed, refuseBlockedAddress } from '#lib/adapters/outbound'
import { asMail } from '#lib/core/notices/as-mail'
import { type Channel, DeliveryFailed } from './channel.ts'

export type EmailSettings = { server: string; from: string; username?: string | undefined }

/** Milliseconds. A mail server that is slower than this has a problem, and other mails wait. */
const timeouts = { connection: 5_000, greeting: 5_000, socket: 10_000 }

type SmtpError = Error & { code?: string; responseCode?: number; command?: string }

/** What a failure of SMTP means (RFC 5321 §4.2.1): 4xx may pass; 5xx for one recipient never will. */
function failureOf(error: unknown, host: string): DeliveryFailed {
  if (error instanceof BlockedAddress) return new DeliveryFailed(error.message, { isOfChannel: true })
  const { code = '', responseCode, command = '' } = error as SmtpError
  // NB: not the server's own text, which may repeat an address or a header.
  const why = responseCode
    ? `${host} responded ${responseCode} to ${command || 'a command'}`
    : `${host}: ${code || 'failed'}`
  // `API`: the client itself refuses the recipient.
  const isAboutNotice = command === 'API' || (responseCode !== undefined && /^(RCPT TO|DATA)$/.test(command))
  if (!isAboutNotice) return new DeliveryFailed(why, { isOfChannel: true })
  return new DeliveryFailed(why, { isPermanent: (responseCode ?? 550) >= 500 })
}

/**
 * Mail over SMTP (RFC 5321): `smtps://` is TLS from the first byte, `smtp://` must upgrade with STARTTLS, except on loopback.
 * @param host of Postern's public URL, for Message-IDs
 */
export function openEmail(
  { server, from, username }: EmailSettings,
  password: string | undefined,
  { exceptions, host }: { exceptions: Exceptions; host: string },
): Channel {
  const { protocol, hostname, port } = new URL(server)
  const plainHost = hostname.replace(/^\[|\]$/g, '')
  const isTls = protocol === 'smtps:'
  const isLoopback = ['localhost', '127.0.0.1', '::1'].includes(plainHost)
  const address = { host: plainHost, port: Number(port || (isTls ? 465 : 587)) }
  const transport = nodemailer.createTransport({
    pool: true,
    maxConnections: 2,
    ...address,
    secure: isTls,
    requireTLS: !isTls && !isLoopback,
    ignoreTLS: isLoopback && !isTls,
    ...(username && { auth: { user: username, pass: password ?? '' } }),
    tls: { ...(isIP(plainHost) ? {} : { servername: plainHost }), minVersion: 'TLSv1.2' },
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.socket,
    // Content is text that Postern composed: nothing in it is a path or a URL to read.
    disableFileAccess: true,
    disableUrlAccess: true,
    // The connection is opened here, so that the address that is really called is the one that is checked.
    getSocket: (_options: unknown, callback: (error: Error | null, result?: unknown) => void) => {
      let isDone = false
      const done = (error: Error | null, result?: unknown) => {
        if (isDone) return
        isDone = true
        callback(error, result)
      }
      try {
        refuseBlockedAddress(`https://${hostname}`, exceptions)
      } catch (error) {
        return done(error as Error)
      }
      const socket = connect({ ...address, lookup: lookupAllowed(exceptions) })
      socket.setTimeout(timeouts.connection, () =>
        socket.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
      )
      socket.once('error', done)
      socket.once('connect', () => {
        socket.setTimeout(0)
        socket.removeListener('error', done)
        done(null, { connection: socket })
      })
    },
  } as Parameters<typeof nodemailer.createTransport>[0])
  return {
    concurrency: 2,
    send: async ({ id, content, to }) => {
      if (!to) throw new DeliveryFailed('a mail needs a recipient', { isPermanent: true })
      const { subject, text, html, messageId, thread } = asMail(content, id, host)
      try {
        await transport.sendMail({
          from,
          to: { name: to.name, address: to.address },
          subject,
          text,
          html,
          messageId,
          inReplyTo: thread,
          references: [thread],
          headers: {
            // RFC 3834: no out-of-office reply answers it.
            'Auto-Submitted': 'auto-generated',
            'X-Auto-Response-Suppress': 'All',
          },
        })
      } catch (error) {
        throw failureOf(error, address.host)
      }
      return null
    },
    close: () => transport.close(),
  }
}
