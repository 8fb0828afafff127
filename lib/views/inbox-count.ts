import type { PersonActor } from '#lib/access/actor'
import { countInbox } from '#lib/db/find-requests'
import { deciderOf } from './reader.ts'

/** How many requests wait for this person's word. */
export const inboxCount = (actor: PersonActor): Promise<number> => countInbox(deciderOf(actor))
