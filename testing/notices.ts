import { db } from '#lib/adapters/db/client'
import type { Notice } from '#lib/adapters/db/generated/client'
import { type Notifier, startNotifier } from '#lib/worker/notices/notifier'
import { until } from './until.ts'
import { workUntilKilled } from './work-until-killed.ts'

/** Notifies people while `during` runs, as a worker does. */
export async function whileNotifying<T>(during: (wake: Notifier['wake']) => Promise<T>): Promise<T> {
  const notifier = startNotifier(`test-${process.pid}`)
  try {
    return await during(notifier.wake)
  } finally {
    await notifier.stop()
  }
}

export const noticesWhere = (
  where: Parameters<ReturnType<typeof db>['notice']['findMany']>[0] = {},
): Promise<Notice[]> => db().notice.findMany({ ...where, orderBy: { id: 'asc' } })

/** Notifies people until nothing that is due is left. */
export const notifyAll = () =>
  whileNotifying((wake) =>
    until('everyone is notified', async () => {
      wake()
      // The database's times are finer than a millisecond, so an entry of this moment would seem to be due later.
      const waiting = { spreadAt: null, dueAt: { lte: new Date(Date.now() + 1_000) } }
      return (
        (await db().outboxEntry.count({ where: waiting })) + (await db().notice.count({ where: { outcome: null } })) ===
        0
      )
    }),
  )

/** Notifies people in a process of its own, and kills that with SIGKILL once it is time. */
export const notifyUntilKilled = (isTime: () => Promise<boolean>, withinMs?: number): Promise<void> =>
  workUntilKilled('notifier', isTime, withinMs)
