import { z } from 'zod'
import type { Draft } from '#components/request/request-form'
import { secondsOf } from '#lib/core/access/duration'
import type { RequestResource } from '#lib/core/access/resources'
import { rulesSchema } from '#lib/core/access/rule'

/** What another ask for the same already knows: everything but why, because that is new each time. */
export const knownFromRequest = (request: RequestResource): Partial<Draft> => ({
  cluster: request.cluster,
  namespaces: request.namespaces,
  rules: request.rules,
  seconds: secondsOf(request.duration),
})

/** What the address of the ask page says. What does not read as it should is left to the person. */
export const knownFromUrl = (one: (key: string) => string): Partial<Draft> => ({
  cluster: one('cluster'),
  namespaces: one('namespaces').split(',').filter(Boolean).slice(0, 20),
  rules: rulesFrom(one('rules')),
  seconds: secondsOf(one('duration')),
  reason: one('reason').slice(0, 2000),
  ticket: one('ticket').slice(0, 120),
})

const json = z.string().transform((text, context) => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' })
    return z.NEVER
  }
})

const rulesFrom = (text: string) => json.pipe(rulesSchema).safeParse(text).data
