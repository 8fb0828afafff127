import { startMailServer } from '#local/parts/mail-server'
import { openRun } from '#local/processes/processes'
import { until } from './until.ts'

/** A mail as MailDev read it. */
export type ReceivedMail = {
  subject: string
  text: string
  html: string
  messageId: string
  references: string[]
  to: Array<{ address: string; name: string }>
  from: Array<{ address: string; name: string }>
  headers: Record<string, string>
}

export type Mailbox = {
  /** For `notifications.email.server`. */
  smtp: string
  /** Every mail that arrived, in order; of one address, if given. */
  mails(address?: string): Promise<ReceivedMail[]>
  /** Waits until so many mails to this address have arrived. */
  reaches(address: string, count: number): Promise<ReceivedMail[]>
  /** The source of a mail, as it came over the wire. */
  sources(): Promise<string[]>
  /** Nothing listens any more. */
  goDown(): Promise<void>
  /** Listens again on the same port, with an empty mailbox. */
  comeUp(): Promise<void>
  stop(): Promise<void>
}

/** A real mail server of this test file's own. */
export async function mailbox(): Promise<Mailbox> {
  const run = await openRun({ name: 'mailbox' })
  let generation = 1
  let server = await startMailServer(run, { name: 'mailbox-1' })
  const { smtp } = server
  type Listed = ReceivedMail & { id: string }
  const list = async () => (await (await fetch(`${server.url}/email`)).json()) as Listed[]
  const mails = async (address?: string) =>
    (await list()).filter(({ to }) => address === undefined || to.some((one) => one.address === address))
  return {
    smtp,
    mails,
    reaches: async (address, count) => {
      await until(`${count} mails to ${address}`, async () => (await mails(address)).length >= count)
      return mails(address)
    },
    sources: async () =>
      Promise.all((await list()).map(async ({ id }) => (await fetch(`${server.url}/email/${id}/source`)).text())),
    goDown: () => server.part.stop(),
    comeUp: async () => {
      generation += 1
      const smtpPort = Number(new URL(smtp).port)
      server = await startMailServer(run, { smtpPort, name: `mailbox-${generation}` })
    },
    stop: () => run.stop(),
  }
}
