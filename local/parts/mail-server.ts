import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { freePort } from '#local/processes/ports'
import type { Part, Run } from '#local/processes/processes'

export type MailServer = {
  /** `smtp://…`, without encryption and without a password: it listens on loopback only. */
  smtp: string
  /** Its page, where every mail can be read. `/email` lists them as JSON. */
  url: string
  part: Part
}

/**
 * Starts MailDev as a part of a run: a mail server that delivers nothing, with a page to read what it received.
 * @param options.directory keeps the mails; by default the run's, which is removed with it
 */
export async function startMailServer(
  run: Run,
  options: { smtpPort?: number; webPort?: number; name?: string; directory?: string } = {},
): Promise<MailServer> {
  const smtpPort = await freePort(options.smtpPort)
  const webPort = await freePort(options.webPort)
  const url = `http://127.0.0.1:${webPort}`
  const part = await run.start({
    name: options.name ?? 'mail-server',
    command: process.execPath,
    args: [
      join(checkout, 'node_modules/maildev/bin/maildev'),
      ...['--ip', '127.0.0.1', '--smtp', String(smtpPort), '--web', String(webPort)],
      ...['--mail-directory', options.directory ?? join(run.directory, options.name ?? 'mail-server')],
    ],
    env: process.env,
    ready: async () => (await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) })).ok,
  })
  return { smtp: `smtp://127.0.0.1:${smtpPort}`, url, part }
}
