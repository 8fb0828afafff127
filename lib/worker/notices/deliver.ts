// The delivery of one claimed notice: is it still true, is it still theirs, and what the channel's answer means.
import { type Channel, DeliveryFailed } from '#lib/adapters/channels/channel'
import { transaction } from '#lib/adapters/db/client'
import {
  type ClaimedNotice,
  earlierReceipt,
  holdNotice,
  mergedInto,
  type QueuedNotice,
  retryNotice,
  settleNotice,
  takeHeld,
} from '#lib/adapters/db/notices/notice-queue'
import { addNotices } from '#lib/adapters/db/notices/outbox'
import { isOnCallGroup } from '#lib/core/access/on-call'
import { contentOf, withMeanwhile } from '#lib/core/notices/content'
import { everyone } from '#lib/core/notices/kinds'
import { receivedBecause } from '#lib/core/notices/received-because'
import { mostAttempts, retrySeconds } from '#lib/core/notices/retries'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'
import { addressedNow } from './delegates.ts'
import { gatherNotice, recipientsNow } from './gather-notice.ts'

type Outcome = 'sent' | 'dropped' | 'dead' | 'failed' | 'held'
export type Delivery = {
  outcome: Outcome
  /** How long the whole channel waits; undefined if only this notice failed, or none. */
  pauseSeconds?: number
}

/** Does the notice wait for the end of its recipient's quiet hours? Never that of someone who is on call now. */
async function isHeld(worker: string, notice: ClaimedNotice): Promise<boolean> {
  if (!notice.isQuiet) return false
  const [recipient] = await recipientsNow({ ids: [notice.recipient] })
  return !recipient?.person.groups.some(isOnCallGroup) && holdNotice(worker, notice)
}

/** The message of a notice and of those merged into it: the latest that is still true, with what happened before it. */
async function composed(notice: ClaimedNotice, channel: Channel) {
  const all = [notice, ...(notice.hasMerged || notice.hasHeld ? await mergedInto(notice) : [])]
  const messages = []
  for (const one of all) {
    const message = await composedAlone(one, channel)
    if (message) messages.push(message)
  }
  const [last, ...before] = messages.sort((a, b) => b.at.getTime() - a.at.getTime())
  if (!last) return null
  return { ...last, id: notice.id, content: withMeanwhile(last.content, before.reverse()) }
}

/** The message as it is true now; null if there is nothing to tell this recipient any more. */
async function composedAlone(notice: QueuedNotice, { updates }: Channel) {
  const gathered = await gatherNotice(notice)
  if (!gathered) return null
  const { facts, at } = gathered
  const message = {
    id: notice.id,
    at,
    facts,
    content: contentOf(facts, notice.recipient !== everyone),
    earlier: updates ? await earlierReceipt(notice) : null,
  }
  if (notice.recipient === everyone) return gathered.isCurrent ? { ...message, to: null } : null
  const [recipient] = await recipientsNow({ ids: [notice.recipient] })
  const { themselves, ...addressed } = await addressedNow(gathered, recipient, notice.inPlaceOf)
  // Before this one is sent or dropped: a worker that is killed in between leaves the notice to the next, which adds no second one.
  if (themselves.length > 0) {
    const theirs = themselves.map((id) => ({ channel: notice.channel, recipient: id, inPlaceOf: [] }))
    await transaction((tx) => addNotices(tx, notice, theirs))
  }
  if (!recipient?.person.email || !(addressed.isOwn || addressed.away.length > 0)) return null
  const content = { ...message.content, receivedBecause: receivedBecause(message.content.receivedBecause, addressed) }
  return {
    ...message,
    content,
    to: { id: recipient.person.id, name: recipient.person.name, address: recipient.person.email },
  }
}

async function failed(worker: string, { id, channel, attempts }: ClaimedNotice, error: unknown): Promise<Delivery> {
  const failure = error instanceof DeliveryFailed ? error : new DeliveryFailed('the notice could not be written', {})
  if (failure !== error) log.warn({ notice: id, channel, err: error }, 'a notice cannot be written')
  const { message, isPermanent, isOfChannel, retryAfterSeconds = 0 } = failure
  if (isPermanent || attempts >= mostAttempts) {
    log.warn({ notice: id, channel, attempts, reason: message }, 'a notice is given up')
    await settleNotice(worker, id, { outcome: 'dead', error: message })
    return { outcome: 'dead' }
  }
  const afterSeconds = retrySeconds(attempts, Math.random(), retryAfterSeconds)
  await retryNotice(worker, id, { afterSeconds, error: message, counts: true })
  return isOfChannel ? { outcome: 'failed', pauseSeconds: afterSeconds } : { outcome: 'failed' }
}

async function attempt(worker: string, channel: Channel, notice: ClaimedNotice): Promise<Delivery> {
  let receipt: string | null | undefined
  try {
    if (await isHeld(worker, notice)) return { outcome: 'held' }
    if (notice.hasHeld) await takeHeld(notice)
    const message = await composed(notice, channel)
    receipt = message ? await channel.send(message) : undefined
  } catch (error) {
    return failed(worker, notice, error)
  }
  if (receipt === undefined) {
    await settleNotice(worker, notice.id, { outcome: 'dropped' })
    return { outcome: 'dropped' }
  }
  // If this write fails, the lease runs out and the notice is sent again, with the same id.
  await settleNotice(worker, notice.id, { outcome: 'sent', receipt })
  return { outcome: 'sent' }
}

export async function deliver(worker: string, channel: Channel, notice: ClaimedNotice): Promise<Delivery> {
  const delivery = await attempt(worker, channel, notice)
  metrics().notices.inc({ channel: notice.channel, outcome: delivery.outcome })
  return delivery
}
