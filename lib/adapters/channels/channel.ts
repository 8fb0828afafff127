import type { Content, NoticeFacts } from '#lib/core/notices/content'

// lib/adapters/channels: one file for each way in which people are notified. Each writes a notice in the notation of its
// channel, sends it, and says what a failure means for the notice and for the channel.

export type Outgoing = {
  /** Stable over all attempts: a receiver recognises a repeated message by it. */
  id: string
  /** Of the event. */
  at: Date
  facts: NoticeFacts
  content: Content
  /** Null where the channel itself is the recipient. */
  to: { id: string; name: string; address: string } | null
  /** How the channel named its earlier message about the same request; null without one. */
  earlier: string | null
}

/** How the channel names the message; null if it does not. */
export type Receipt = string | null

export type Channel = {
  /** How many may be under way at the same time. */
  concurrency: number
  /** Does it change its earlier message about the same request instead of adding one? */
  updates?: true
  /**
   * Returns undefined if its recipient has nothing to receive it with.
   * @throws DeliveryFailed
   */
  send(message: Outgoing): Promise<Receipt | undefined>
  close(): void
}

type FailureOptions = {
  /** The notice can never be delivered as it is. */
  isPermanent?: boolean
  /** Other notices of this channel would fail too. */
  isOfChannel?: boolean
  retryAfterSeconds?: number | undefined
}

/** Why a notice was not delivered. The message contains no secret and nothing of the notice. */
export class DeliveryFailed extends Error {
  readonly isPermanent: boolean
  readonly isOfChannel: boolean
  readonly retryAfterSeconds: number | undefined
  constructor(message: string, { isPermanent = false, isOfChannel = false, retryAfterSeconds }: FailureOptions = {}) {
    super(message)
    this.name = 'DeliveryFailed'
    this.isPermanent = isPermanent
    this.isOfChannel = isOfChannel
    this.retryAfterSeconds = retryAfterSeconds
  }
}
