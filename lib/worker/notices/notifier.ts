// Notifies people: spreads the outbox, and delivers the notices of each channel. Nothing here is ever waited for by a decision,
// a grant or an end: those only write the outbox, in their own transaction.
import type { Channel } from '#lib/adapters/channels/channel'
import { openChannels } from '#lib/adapters/channels/open-channels'
import { forgetBrowser, subscriptionsOf } from '#lib/adapters/db/notices/browsers'
import { claimNotices, releaseNotices, retryNotice, secondsToNextNotice } from '#lib/adapters/db/notices/notice-queue'
import { discardDueEntries, secondsToNextEntry } from '#lib/adapters/db/notices/outbox'
import { currentPolicy, onPolicyChange } from '#lib/adapters/policy/current'
import type { ChannelName } from '#lib/core/notices/kinds'
import { log } from '#lib/observability/log'
import { deliver } from './deliver.ts'
import { spreadOutbox } from './spread.ts'

/** Milliseconds. However far the next deadline is: a notification may get lost. */
const longestWaitMs = 15_000
/** Milliseconds. Events come in bursts, and the worker's own work on them goes first. */
const settleMs = 50
/** Notices that one claim takes for each one that may be under way at once. */
const perSlot = 5
/** Milliseconds after a claim until notices that were not tried yet are returned. Well below the lease. */
const longestTurnMs = 30_000

export type Notifier = {
  /** Someone may have to be notified: checks the outbox and every channel at once, and tries a channel of this name again. */
  wake(channel?: string): void
  stop(): Promise<void>
}

type Loop = { wake(): void; stop(): Promise<void> }
type ChannelLoop = Loop & { resume(): void }

/** Runs `work` whenever it is woken, one run at a time, and again after the seconds that it returns. */
function startLoop(what: string, work: () => Promise<number | undefined>): Loop {
  let isStopping = false
  let isDirty = false
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  async function run() {
    let waitMs = 1_000
    try {
      do {
        isDirty = false
        waitMs = ((await work()) ?? Number.POSITIVE_INFINITY) * 1000
      } while (isDirty && !isStopping)
    } catch (error) {
      log.warn({ err: error }, `${what} failed`)
    }
    running = undefined
    if (!isStopping) timer = setTimeout(wake, Math.max(50, Math.min(waitMs, longestWaitMs)))
  }
  function wake() {
    isDirty = true
    if (running || isStopping) return
    clearTimeout(timer)
    running = run()
  }
  wake()
  return {
    wake,
    stop: async () => {
      isStopping = true
      clearTimeout(timer)
      await running
    },
  }
}

/** Delivers the notices of one channel. A slow or broken channel holds up only itself. */
function startChannel(worker: string, name: ChannelName, channel: Channel): ChannelLoop {
  const { updates = false } = channel
  let isStopping = false
  /** The channel failed, and is left alone until then; of this process's own clock. */
  let pausedUntil = 0

  async function deliverSome(): Promise<boolean> {
    const queue = await claimNotices(worker, name, { limit: channel.concurrency * perSlot, updates })
    const isEmpty = queue.length === 0
    const claimedAt = performance.now()
    let pauseSeconds: number | undefined
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (isStopping || pauseSeconds !== undefined || performance.now() - claimedAt > longestTurnMs) {
          // Not tried, so it costs no attempt.
          await retryNotice(worker, next.id, { afterSeconds: pauseSeconds ?? 0, error: null, counts: false })
        } else {
          const delivery = await deliver(worker, channel, next)
          pauseSeconds ??= delivery.pauseSeconds
        }
      }
    }
    await Promise.all(Array.from({ length: channel.concurrency }, work))
    if (pauseSeconds !== undefined) pausedUntil = performance.now() + pauseSeconds * 1000
    return !isEmpty
  }

  const pauseLeft = () => (pausedUntil - performance.now()) / 1000
  const loop = startLoop(`delivering notices over ${name}`, async () => {
    while (!isStopping && pauseLeft() <= 0 && (await deliverSome()));
    return pauseLeft() > 0 ? pauseLeft() : secondsToNextNotice(name, updates)
  })
  return {
    wake: loop.wake,
    resume: () => {
      pausedUntil = 0
    },
    stop: async () => {
      isStopping = true
      await loop.stop()
      channel.close()
    },
  }
}

const settingsOf = () => JSON.stringify(currentPolicy().configuration.notifications ?? {})

function open(worker: string): Map<ChannelName, ChannelLoop> {
  const { notifications = {}, publicUrl, openAddresses = [] } = currentPolicy().configuration
  const channels = openChannels(notifications, {
    ...{ publicUrl, exceptions: openAddresses },
    browsers: { of: subscriptionsOf, forget: forgetBrowser },
  })
  return new Map([...channels].map(([name, channel]) => [name, startChannel(worker, name, channel)]))
}

/** Starts to notify people. Several workers may run at once; each notice is claimed by one of them. */
export function startNotifier(worker: string): Notifier {
  let settings = settingsOf()
  let channels = open(worker)
  const closing = new Set<Promise<unknown>>()

  const outbox = startLoop('spreading the outbox', async () => {
    if (channels.size === 0) {
      await discardDueEntries()
      return undefined
    }
    // Also without an entry: notices that were given up or held may have been returned to their queue.
    do for (const { wake } of channels.values()) wake()
    while ((await spreadOutbox(new Set(channels.keys()))) > 0)
    return secondsToNextEntry()
  })
  let settleTimer: NodeJS.Timeout | undefined
  function wake(channel = '') {
    if (channels.size === 0) return
    channels.get(channel as ChannelName)?.resume()
    settleTimer ??= setTimeout(() => {
      settleTimer = undefined
      outbox.wake()
    }, settleMs)
  }
  const stopListening = onPolicyChange(() => {
    if (settingsOf() === settings) return
    settings = settingsOf()
    closing.add(Promise.all([...channels.values()].map(({ stop }) => stop())))
    channels = open(worker)
  })
  return {
    wake,
    stop: async () => {
      stopListening()
      clearTimeout(settleTimer)
      await outbox.stop()
      await Promise.all([...closing, ...[...channels.values()].map(({ stop }) => stop())])
      await releaseNotices(worker)
    },
  }
}
