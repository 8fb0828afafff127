import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export const webhookSecret = `whsec_${Buffer.from('a-webhook-secret-for-tests-only-32b').toString('base64')}`

export type ReceivedHook = {
  id: string
  type: string
  body: { data: Record<string, unknown> } & Record<string, unknown>
}

export type WebhookReceiver = {
  url: string
  /** Every call whose signature was valid, in order. */
  received(): readonly ReceivedHook[]
  /** How many calls had no valid signature. */
  forged(): number
  /** From now on it answers so; undefined: 204. */
  answer(how: { status: number; headers?: Record<string, string> } | undefined): void
  stop(): Promise<void>
}

/** A program that receives webhooks and verifies their signatures, as the specification says. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const verifier = new Webhook(webhookSecret)
  const received: ReceivedHook[] = []
  let forged = 0
  let how: Parameters<WebhookReceiver['answer']>[0]
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    try {
      const body = verifier.verify(text, request.headers as Record<string, string>) as ReceivedHook['body']
      received.push({ id: String(request.headers['webhook-id']), type: String(body.type), body })
    } catch {
      forged += 1
    }
    response.writeHead(how?.status ?? 204, how?.headers).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: () => received,
    forged: () => forged,
    answer: (next) => {
      how = next
    },
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
