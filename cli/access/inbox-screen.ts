// The inbox as a screen with keys. A decision binds to the digest of the terms that were on it.

import { type RequestInFull, type RequestState, requestPage, state } from '#lib/api-client/shapes'
import { inInboxOrder, matchesInbox } from '#lib/core/approvals/inbox-filter'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { programName } from '../program-name.ts'
import { type FullScreen, type Key, openFullScreen } from '../screen/full-screen.ts'
import { typed } from '../screen/typing.ts'
import { type Api, ServerRefusal } from '../server/api.ts'
import { painter, type Terminal } from '../terminal.ts'
import { readInFull } from './find.ts'
import { type Drawn, drawInbox, type InboxView, requestLines } from './inbox-lines.ts'
import { severityOf } from './words.ts'

/** Each page has at most 100 requests. */
const maxPages = 10

const sort = { sort: 'urgency', isGrouped: false } as const

const factsOf = (item: RequestState) => ({
  item,
  ...{ id: item.id, cluster: item.cluster, namespaces: item.namespaces, severity: severityOf(item.risk) },
  requester: { id: '', name: item.requester.name },
  ...{ entitlement: item.entitlement, title: item.title, reason: item.reason, ticket: item.ticket },
  createdAt: new Date(item.createdAt),
  dueAt: new Date(Math.min(...[item.lapsesAt, item.startsAt ?? item.lapsesAt].map((time) => Date.parse(time)))),
})

/** All requests that wait for this person, in the order of the inbox on the pages. */
export async function readInbox(api: Api): Promise<RequestState[]> {
  const items: RequestState[] = []
  let cursor: string | null = null
  for (let pages = 0; pages < maxPages; pages++) {
    const query: string = new URLSearchParams({ role: 'inbox', limit: '100', ...(cursor ? { cursor } : {}) }).toString()
    const page = await api.call({ path: `/requests?${query}`, response: requestPage })
    items.push(...page.items)
    cursor = page.nextCursor
    if (cursor === null) break
  }
  return inInboxOrder(items.map(factsOf), sort).map(({ item }) => item)
}

/** A request as it was read, and how many of its lines have been on the screen. */
type Read = { request: RequestInFull; lines: string[]; columns: number; seen: number }

type Question = { label: string; text: string; answer(text: string): void }

const reasonOf = (error: unknown): string => {
  if (error instanceof CommandFailure) return error.message
  throw error
}

/**
 * Shows the inbox until the person quits.
 * @param first the requests that were read already
 */
export async function showInbox(terminal: Terminal, server: Api, first: RequestState[]): Promise<void> {
  const paint = painter(terminal.stdout, terminal.env)
  const leaving = new AbortController()
  const api: Api = {
    session: server.session,
    call: (call) => server.call({ ...call, interrupt: leaving.signal }),
  }
  /** By the id of the request. NB: replaced by each refresh, so that what was asked for before is not shown after it. */
  let reads = new Map<string, Read | 'reading'>()
  let all = first
  let search = ''
  let selectedId = first[0]?.id
  /** The request on the whole screen. It may have left the list. */
  let openId: string | null = null
  let isHelp = false
  let from = 0
  let question: Question | null = null
  let message: InboxView['message'] = null
  let work: 'none' | 'reading' | 'deciding' = 'none'
  let drawn: Drawn = { lines: [], cursor: null, fitting: 0, end: 0 }
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()

  const items = () => all.filter((item) => matchesInbox(factsOf(item), { ...sort, text: search }))
  const selected = () => items().find(({ id }) => id === selectedId)
  const currentId = () => openId ?? selected()?.id
  const current = (): Read | undefined => {
    const read = reads.get(currentId() ?? '')
    return read === 'reading' ? undefined : read
  }
  const say = (text: string, isProblem = true) => {
    message = { text, isProblem }
  }

  function draw(screen: FullScreen) {
    const size = screen.size()
    const read = current()
    if (read && read.columns !== size.columns) {
      // Other lines: what was seen of the old ones says nothing about them.
      Object.assign(read, { lines: requestLines(read.request, size.columns), columns: size.columns, seen: 0 })
    }
    const view: InboxView = {
      ...{ server: api.session.server, items: items(), count: all.length, search, selected: selected() },
      ...{ request: read?.request, requestLines: read?.lines ?? [], from, message, isWorking: work !== 'none' },
      page: isHelp ? 'help' : openId === null ? 'list' : 'request',
      prompt: question,
    }
    drawn = drawInbox(view, size, paint)
    // Nothing is skipped: a line counts as seen only if all before it are.
    if (read && drawn.end - drawn.fitting <= read.seen) read.seen = Math.max(read.seen, drawn.end)
    screen.draw(drawn.lines, drawn.cursor)
  }

  /** Does something that takes a while, and shows what comes of it. */
  function during(kind: 'reading' | 'deciding', task: () => Promise<void>) {
    work = kind
    draw(screen)
    task()
      .catch((error: unknown) => say(reasonOf(error)))
      .then(() => {
        work = 'none'
        draw(screen)
        readCurrent()
      })
      .catch(reject)
  }

  /** Reads the request that is shown, if that has not happened yet. */
  function readCurrent() {
    const id = currentId()
    if (id === undefined || reads.has(id) || work !== 'none') return
    const into = reads.set(id, 'reading')
    readInFull(api, id)
      .then((request) => {
        into.set(id, { request, lines: [], columns: 0, seen: 0 })
      })
      .catch((error: unknown) => {
        // What was said of a decision stays: a request may be out of sight after it.
        say(message?.isProblem ? `${message.text} ${reasonOf(error)}` : reasonOf(error))
        into.delete(id)
        openId = null
      })
      .then(() => {
        draw(screen)
        if (currentId() !== id) readCurrent()
      })
      .catch(reject)
  }

  async function refresh() {
    // The next one takes the place of the one that is gone.
    const index = Math.max(
      0,
      items().findIndex(({ id }) => id === selectedId),
    )
    all = await readInbox(api)
    reads = new Map()
    if (!selected()) selectedId = (items()[index] ?? items().at(-1))?.id
  }

  async function decide(read: Read, decision: 'approve' | 'deny', note: string) {
    const { id, digest, requester, title } = read.request
    from = 0
    try {
      const body = { decision, digest, ...(note ? { note } : {}) }
      const { status } = await api.call({ path: `/requests/${id}/decisions`, body, response: state, isKeyed: true })
      const isOpen = status === 'pending'
      say(
        `${decision === 'approve' ? 'Approved' : 'Denied'}: ${title} for ${requester.name}.${isOpen ? ' It needs further approvals.' : ''}`,
        false,
      )
      openId = null
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error
      // It may have changed, so it is read and shown again.
      say(error.message)
      openId = id
    }
    // NB: what this says must not replace what was said of the decision.
    await refresh().catch((error: unknown) => say(`${message?.text ?? ''} ${reasonOf(error)}`))
  }

  function ask(label: string, answer: (text: string) => void) {
    question = { label, text: '', answer }
  }

  function startDecision(decision: 'approve' | 'deny') {
    const read = current()
    if (!read) return
    const { request } = read
    if (!request.can.decide.may) return say(request.can.decide.why ?? 'You may not decide this request.')
    if (read.seen < read.lines.length) {
      openId = request.id
      return say('Read it to its end (Space), then decide.')
    }
    const what = `${request.title} for ${request.requester.name}`
    const send = (note: string) => during('deciding', () => decide(read, decision, note))
    if (decision === 'deny')
      return ask(`Deny ${what}. Reason for the requester (Enter denies, Esc cancels):`, (note) => {
        if (note) send(note)
        else say('A denial needs a reason.')
      })
    return ask(`Approve ${what}. Note (optional; Enter approves, Esc cancels):`, (note) => {
      if (severityOf(request.risk) !== 'high') return send(note)
      return ask('The risk is high. Type yes to approve:', (answer) => {
        if (answer.toLowerCase() === 'yes') send(note)
        else say('Nothing was decided.')
      })
    })
  }

  function answerKey(asked: Question, key: Key) {
    if (key.name === 'escape') question = null
    else if (key.name === 'return' || key.name === 'enter') {
      question = null
      asked.answer(asked.text.trim())
    } else asked.text = typed(asked.text, key)
  }

  function move(step: number) {
    if (openId !== null) return scroll(step)
    const list = items()
    const index = list.findIndex(({ id }) => id === selectedId)
    selectedId = list[Math.max(0, Math.min(index + step, list.length - 1))]?.id
    from = 0
  }

  function scroll(step: number) {
    const last = Math.max(0, (current()?.lines.length ?? 0) - drawn.fitting)
    from = Math.max(0, Math.min(from + step, last))
  }

  function goBack() {
    if (isHelp) isHelp = false
    else if (openId !== null) openId = null
    else search = ''
    from = 0
  }

  const actions: Record<string, () => void> = {
    ...{ j: () => move(1), down: () => move(1), k: () => move(-1), up: () => move(-1) },
    ...{ space: () => scroll(drawn.fitting - 1), pagedown: () => scroll(drawn.fitting - 1) },
    ...{ b: () => scroll(1 - drawn.fitting), pageup: () => scroll(1 - drawn.fitting) },
    return: () => {
      openId = openId ?? selected()?.id ?? null
      from = 0
    },
    escape: goBack,
    a: () => startDecision('approve'),
    d: () => startDecision('deny'),
    r: () =>
      during('reading', async () => {
        await refresh()
        say('Refreshed.', false)
      }),
    '/': () => {
      openId = null
      ask('Search:', (text) => {
        search = text
        selectedId = selected()?.id ?? items()[0]?.id
        from = 0
      })
    },
    '?': () => {
      isHelp = true
    },
  }

  function press(key: Key) {
    if (key.isCtrl && key.name === 'c') {
      const open =
        work === 'deciding' ? `The decision may have been recorded. See: ${programName} show ${currentId()}` : ''
      return reject(new CommandFailure(exitCodes.interrupted, open))
    }
    if (question !== null) answerKey(question, key)
    // What is pasted presses no keys, and no key is kept for what is not on the screen yet.
    else if (key.isPasted || key.isCtrl || (work !== 'none' && (work === 'deciding' || key.text !== 'q'))) return
    else if (key.text === 'q') {
      if (openId === null && !isHelp) return resolve()
      goBack()
    } else {
      message = null
      const pressed = key.text === '' || key.text === ' ' ? key.name : key.text
      if (isHelp) isHelp = false
      else actions[pressed]?.()
    }
    draw(screen)
    readCurrent()
  }

  const screen = openFullScreen(terminal, {
    onKey: press,
    onResize: () => draw(screen),
    onEnd: () => resolve(),
    onError: reject,
  })
  try {
    draw(screen)
    readCurrent()
    await ended
  } finally {
    screen.close()
    leaving.abort()
  }
}
