import { z } from 'zod'
import { browserId, pushSubscription } from '#lib/core/access/push-subscription'
import type { Endpoint } from './endpoints.ts'

// What only pages do, about the pages themselves. It passes the same entrance as the API, and is no part of it.

const define = <const Body extends z.ZodType>(operation: string, body: Body, answer: z.ZodType) =>
  ({
    ...{ operation, method: 'POST', path: '', summary: '', params: {}, query: z.strictObject({}), body },
    ...{ status: 200, answer },
  }) as const satisfies Endpoint

const name = z.string().trim().min(1, 'must not be empty').max(60, 'must be at most 60 characters')

export const pageOperations = {
  setFavourite: define(
    'setFavourite',
    z.strictObject({ entitlement: z.string().min(1).max(63), favourite: z.boolean() }),
    z.strictObject({ favourite: z.boolean() }),
  ),
  saveHistoryFilter: define(
    'saveHistoryFilter',
    z.strictObject({ name, query: z.string().max(4000) }),
    z.strictObject({ name: z.string() }),
  ),
  deleteHistoryFilter: define('deleteHistoryFilter', z.strictObject({ name }), z.strictObject({ name: z.string() })),
  addBrowser: define('addBrowser', pushSubscription, browserId),
  removeBrowser: define('removeBrowser', browserId, browserId),
  endOtherSessions: define('endOtherSessions', z.strictObject({}), z.strictObject({ count: z.int() })),
}
