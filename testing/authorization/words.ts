// The words of docs/authorization.md: who may be in which situation, and what they may be answered.

/** Everybody who may knock, as the rows of the tables name them. */
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

/** Every state of a request and its grant, as the columns name them; `absent` is an id that nothing has. */
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

/** `any`: the door looks at no request and no grant. */
export type Column = State | 'any'

/** What a door answers. `—`: as if it were not there. */
export const answers = ['yes', 'no', 'late', '—', 'sign in'] as const

export type Caller = {
  name: CallerName
  bearer?: string
  cookie?: string
  /** The same with nothing but the session: as whom they knock at the API a second time. */
  inBrowser?: Caller
}

/** One request, perhaps with its grant, and what a caller has to know to name it. */
export type Situation = { state: State; requestId: string; grantId: string; digest: string; reason: string }

/** A door's answer, in a word. What is no answer of the table is told as it came, so that the difference reads itself. */
export type Outcome = { answer: string; sentence?: string }

export type Door = {
  /** `GET /api/v1/me`, `page /inbox`, `action decide`; what follows a `?` tells uses of one door apart. */
  door: string
  /** The heading of its table. */
  deed: string
  /** Asking again finds something changed, so that each yes needs a situation of its own. */
  changes?: boolean
  call(caller: Caller, situation: Situation): Promise<Outcome>
}
