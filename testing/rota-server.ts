import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const rotaToken = 'rota-token-for-tests-only'

type OnCallPerson = { email: unknown; from: Date; until: Date; level?: number }
type How =
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'hang'
  | 'cut-off'
  | 'huge'
  | 'redirect'
  | undefined

export type RotaServer = {
  url: string
  /** Who is on call, in every schedule. */
  people: OnCallPerson[]
  /** From now on every call is answered so; undefined: as documented. */
  answer(how: How): void
  /** The paths of the calls, with their Authorization headers. */
  calls: Array<{ path: string; authorization: string | undefined }>
  stop(): Promise<void>
}

const stamp = (time: Date) => `${time.toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`

const event = ({ email, from, until }: OnCallPerson, index: number) => `BEGIN:VEVENT
UID:${index}@example.com
DTSTAMP:20260101T000000Z
DTSTART:${stamp(from)}
DTEND:${stamp(until)}
SUMMARY:On call
ATTENDEE;CN=Someone:mailto:${String(email).replace(/[\r\n]/g, ' ')}
END:VEVENT
`

/** The calendar that names these people. */
export const calendarOf = (people: readonly OnCallPerson[]): string =>
  `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example//tests//EN\n${people.map(event).join('')}END:VCALENDAR\n`.replace(
    /\n/g,
    '\r\n',
  )

/** What each documented API answers; undefined for a path that it does not have. */
function documented(path: string, authorization: string | undefined, people: readonly OnCallPerson[]) {
  const { pathname } = new URL(path, 'http://localhost')
  if (pathname === '/oncall.ics') return { status: 200, body: calendarOf(people) }
  if (pathname === '/oncalls') {
    if (authorization !== `Token token=${rotaToken}`) return { status: 401, body: '{"error":{"code":2006}}' }
    const oncalls = people.map(({ email, from, until, level = 1 }) => ({
      ...{ escalation_level: level, start: from.toISOString(), end: until.toISOString() },
      user: { id: 'PUSER', type: 'user', summary: 'Someone', email },
      schedule: { id: 'PSCHED', type: 'schedule_reference' },
    }))
    return { status: 200, body: JSON.stringify({ oncalls, limit: 100, offset: 0, more: false, total: null }) }
  }
  if (pathname === '/v2/schedules/SCHEDULE/timeline') {
    if (authorization !== `GenieKey ${rotaToken}`) return { status: 401, body: '{"message":"Key is not valid"}' }
    const periods = people.map(({ email, from, until }) => ({
      ...{ startDate: from.toISOString(), endDate: until.toISOString(), type: 'default' },
      recipient: { type: 'user', id: 'u', name: email },
    }))
    const data = { finalTimeline: { rotations: [{ id: 'r', name: 'Rotation', periods }] } }
    return { status: 200, body: JSON.stringify({ data, took: 0.1, requestId: 'x' }) }
  }
  if (pathname === '/api/v1/schedules/SCHEDULE/final_shifts') {
    if (authorization !== rotaToken) return { status: 403, body: '{"detail":"Invalid token."}' }
    const results = people.map(({ email, from, until }) => ({
      ...{ user_pk: 'U', user_email: email, user_username: 'someone' },
      ...{ shift_start: from.toISOString(), shift_end: until.toISOString() },
    }))
    return { status: 200, body: JSON.stringify({ count: results.length, next: null, previous: null, results }) }
  }
  return { status: 404, body: '{}' }
}

function misbehave(how: Exclude<How, undefined>, response: ServerResponse, url: string) {
  if (how === 'hang') return
  if (how === 'redirect') {
    response.writeHead(302, { location: `${url}/elsewhere` }).end()
  } else if (how === 'cut-off') {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"oncalls": [')
    setImmediate(() => response.destroy())
  } else if (how === 'huge') {
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(256 * 1024, ' ')
    const more = () => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  } else {
    response.writeHead(how.status, { 'content-type': 'application/json', ...how.headers })
    response.end(how.body ?? '{}')
  }
}

/**
 * A loopback server with the documented behaviour of the schedules of PagerDuty, Opsgenie and Grafana OnCall, and a calendar. It
 * can fail in every way.
 */
export async function startRotaServer(): Promise<RotaServer> {
  let how: How
  const calls: RotaServer['calls'] = []
  const people: OnCallPerson[] = []
  const server = createServer((request, response) => {
    const { authorization } = request.headers
    calls.push({ path: request.url ?? '', authorization })
    if (how) return misbehave(how, response, url)
    const { status, body } = documented(request.url ?? '', authorization, people)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ url, people, calls },
    answer: (next) => {
      how = next
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
