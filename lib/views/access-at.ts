import type { AccessAt } from '#lib/core/access/access-at-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { accessDuring } from './access-during.ts'

/**
 * Every grant that was live at a moment, for auditors and admins.
 * @throws AppError `not-found` for everyone else
 */
export async function accessAt(
  actor: PersonActor,
  { time, ...filter }: { time: string; cluster?: string | undefined; namespace?: string | undefined },
): Promise<AccessAt> {
  const { from, isComplete, items } = await accessDuring(actor, { ...filter, from: time, to: time })
  return { time: from, isComplete, items }
}
