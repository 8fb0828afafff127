import { z } from 'zod'
import { secondsOf } from '#lib/core/access/duration'
import type { Draft } from '#lib/core/access/form-input'
import type { RequestResource } from '#lib/core/access/request-resource'
import { rulesSchema } from '#lib/core/access/rule'

/** Prefills the form from an earlier request: everything except the reason, which is new each time. */
export const knownFromRequest = (request: RequestResource): Partial<Draft> => ({
  cluster: request.cluster,
  namespaces: request.namespaces,
  rules: request.rules,
  durationSeconds: secondsOf(request.duration),
})

/** Prefills the form from the page's URL. Invalid values are ignored. */
export const knownFromUrl = (one: (key: string) => string): Partial<Draft> => ({
  cluster: one('cluster'),
  namespaces: one('namespaces').split(',').filter(Boolean).slice(0, 20),
  rules: rulesFrom(one('rules')),
  durationSeconds: secondsOf(one('duration')),
  reason: one('reason').slice(0, 2000),
  ticket: one('ticket').slice(0, 120),
})

/** The same, from a path to this page. */
export function knownFromPath(path: string): Partial<Draft> {
  const query = new URLSearchParams(path.slice(path.indexOf('?')))
  return knownFromUrl((key) => query.get(key) ?? '')
}

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' })
    return z.NEVER
  }
})

const rulesFrom = (text: string) => json.pipe(rulesSchema).safeParse(text).data
