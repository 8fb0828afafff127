import { capitalized } from '#lib/core/access/capitalized'
import { durationInWords, secondsOf } from '#lib/core/access/duration'
import type { RequestResource } from '#lib/core/access/request-resource'
import { endedBy, stepInWords } from './words.ts'

/** One moment in the life of a request. `next`: it has not come yet, and `at` is when it is due. */
export type Moment = {
  word: string
  tone: 'plain' | 'good' | 'bad' | 'ending' | 'next'
  at: string | null
  /** Who did it; empty where no person did. */
  who: string[]
  note: string
}

type Lived = Pick<
  RequestResource,
  'status' | 'requester' | 'createdAt' | 'lapsesAt' | 'resolvedAt' | 'startsAt' | 'duration' | 'steps' | 'decisions'
> & {
  grant: Pick<
    NonNullable<RequestResource['grant']>,
    'status' | 'activatedAt' | 'expiresAt' | 'endingAt' | 'endedAt' | 'endedBy' | 'endedByName'
  > | null
}

function decided({ status, requester, resolvedAt, lapsesAt, steps, decisions }: Lived): Moment {
  const who = (kind: 'approve' | 'deny') =>
    decisions.filter(({ decision }) => decision === kind).map(({ person }) => person.name)
  const at = resolvedAt
  if (status === 'approved') {
    const note = who('approve').length === 0 ? 'automatically' : ''
    return { word: 'Approved', tone: 'good', at, who: who('approve'), note }
  }
  if (status === 'denied') return { word: 'Denied', tone: 'bad', at, who: who('deny'), note: '' }
  if (status === 'withdrawn') return { word: 'Withdrawn', tone: 'plain', at, who: [requester.name], note: '' }
  if (status === 'lapsed') return { word: 'Expired', tone: 'plain', at, who: [], note: 'before it was decided' }
  const missing = steps.flatMap((step) => stepInWords(step) ?? []).join(' and ')
  const note = missing ? `waiting for ${missing}, at the latest` : 'at the latest'
  return { word: 'Decision', tone: 'next', at: lapsesAt, who: [], note }
}

function began({ grant, startsAt, duration }: Lived): Moment[] {
  if (grant?.activatedAt) return [{ word: 'Active', tone: 'good', at: grant.activatedAt, who: [], note: '' }]
  if (grant?.endedAt || grant?.endingAt) return []
  const note = grant && !startsAt ? 'being created in the cluster' : `for ${durationInWords(secondsOf(duration))}`
  return [{ word: 'Active', tone: 'next', at: startsAt, who: [], note }]
}

function ended({ grant }: Lived): Moment {
  if (!grant || grant.status === 'pending') return { word: 'End', tone: 'next', at: null, who: [], note: '' }
  if (grant.status === 'active')
    return { word: 'End', tone: 'next', at: grant.expiresAt, who: [], note: 'at the latest' }
  const isByPerson = grant.endedBy === 'revocation' || grant.endedBy === 'release'
  const who = isByPerson && grant.endedByName ? [grant.endedByName] : []
  const word = capitalized(grant.endedBy ? endedBy[grant.endedBy] : 'ended')
  if (grant.status === 'ending')
    return { word, tone: 'ending', at: grant.endingAt, who, note: 'the cluster still has to deny the access' }
  return { word, tone: 'plain', at: grant.endedAt, who, note: 'the cluster denies the access' }
}

/** The life of a request: submitted, decided, active, ended, as far as it came and as it will go on. */
export function lifeOf(request: Lived): Moment[] {
  const { status, requester, createdAt } = request
  const submitted: Moment = { word: 'Submitted', tone: 'plain', at: createdAt, who: [requester.name], note: '' }
  const isOver = status !== 'pending' && status !== 'approved'
  return [submitted, decided(request), ...(isOver ? [] : [...began(request), ended(request)])]
}
