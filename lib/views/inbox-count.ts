import { countInbox } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { deciderOf } from './reader.ts'

/** How many requests this person can decide. */
export const inboxCount = (actor: PersonActor): Promise<number> => countInbox(deciderOf(actor))
