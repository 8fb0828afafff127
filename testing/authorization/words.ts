// The words of docs/authorization.md: the callers, the states, and the answers.

/** Every kind of caller, as the rows of the tables name them. */
export const callerNames = [
  'signed out',
  'disabled',
  'wrong audience',
  'unrelated',
  'colleague',
  'requester',
  'second account',
  'approver',
  'other step',
  'decided',
  'former',
  'former, decided',
  'auditor',
  'admin',
] as const
export type CallerName = (typeof callerNames)[number]

/** Every state of a request and its grant, as the columns name them; `absent` is an id that does not exist. */
export const states = [
  'absent',
  'pending',
  'half',
  'overdue',
  'denied',
  'withdrawn',
  'lapsed',
  'granting',
  'active',
  'past',
  'ending',
  'ended',
] as const
export type State = (typeof states)[number]

/** `any`: the route is about no request and no grant. */
export type Column = State | 'any'

/** The answer of a route. `—`: as if the request or grant did not exist. */
export const answers = ['yes', 'no', 'late', '—', 'sign in'] as const

export type Caller = {
  name: CallerName
  bearer?: string
  cookie?: string
  /** The same caller with only their session: the API is called a second time with it. */
  inBrowser?: Caller
}

/** One request, perhaps with its grant, and what a caller needs to name it. No other request is for its namespace. */
export type Situation = {
  state: State
  requestId: string
  grantId: string
  digest: string
  reason: string
  namespace: string
}

/** The answer of a route in a word of the tables. Any other response is quoted, so that a failed comparison explains itself. */
export type Outcome = { answer: string; sentence?: string }

export type Route = {
  /** `GET /api/v1/me`, `page /inbox`, `action decide`; a suffix after `?` distinguishes uses of one route. */
  name: string
  /** The heading of its table. */
  table: string
  /** A successful call changes the situation, so each one needs its own. */
  changes?: boolean
  call(caller: Caller, situation: Situation): Promise<Outcome>
}
