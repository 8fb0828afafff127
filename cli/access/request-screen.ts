// A new request on a screen: an entitlement, the cluster, the namespaces, then a form with the verdict of the server.
import { randomUUID } from 'node:crypto'
import { InvalidArgumentError } from 'commander'
import { type Entitlement, preview, type Rule } from '#lib/api-client/shapes'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line } from '../output.ts'
import { programName } from '../program-name.ts'
import { wrap } from '../screen/columns.ts'
import { type Key, openFullScreen } from '../screen/full-screen.ts'
import { typed } from '../screen/typing.ts'
import { type Api, ServerRefusal } from '../server/api.ts'
import { painter, plain, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { durationArgument } from './durations.ts'
import type { Draft } from './from-paste.ts'
import { type Drawn, drawForm, drawPicker, type Field } from './request-lines.ts'
import { lineOfRules, rulesOfLine } from './rule-argument.ts'
import { isLater, previewText } from './show-text.ts'
import { type Body, bodyOf, type Details, send } from './submit.ts'
import { approversOf, durationText } from './words.ts'

/** What options gave already. */
type Given = Details & { cluster?: string; namespace: readonly string[]; rule: readonly Rule[]; dryRun?: true }

/** The id is null after a dry run, which submits nothing. */
type Result = { draft: Draft; body: Body; id: string | null }

type Step = 'entitlement' | 'cluster' | 'namespaces' | 'form'
type FieldName = 'rules' | 'duration' | 'reason' | 'ticket'

const debounceMs = 250

const matches = (text: string, search: string) =>
  search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word))

const clustersOf = ({ clusters }: Entitlement) => clusters.map(({ name }) => name)

const approvalOf = ({ approvals }: Entitlement) =>
  approvals.length === 0
    ? 'approved automatically'
    : `by ${approversOf(approvals.map((step) => ({ ...step, approvedBy: [], eligible: [] })))}`

/** The value of a text that an option would read, or what is wrong with it. */
function readBy<T>(read: () => T): { value: T } | { problem: string } {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof InvalidArgumentError) return { problem: error.message }
    throw error
  }
}

/**
 * Lets a person choose and submit a request.
 * @throws UsageError without a choice, and CommandFailure at Ctrl-C, when nothing was submitted
 */
export async function showRequestScreen(
  terminal: Terminal,
  server: Api,
  all: readonly Entitlement[],
  given: Given,
): Promise<Result> {
  const items = all.filter((one) => given.cluster === undefined || clustersOf(one).includes(given.cluster))
  if (items.length === 0)
    throw new UsageError(
      given.cluster === undefined
        ? 'You have no entitlements.'
        : `None of your entitlements exists in the cluster ${line(given.cluster)}.`,
    )
  const paint = painter(terminal.stdout, terminal.env)
  const leaving = new AbortController()
  const api: Api = { session: server.session, call: (call) => server.call({ interrupt: leaving.signal, ...call }) }
  const { promise: ended, resolve, reject } = Promise.withResolvers<Result>()

  let step: Step = 'entitlement'
  let entitlement: Entitlement | null = null
  let cluster = ''
  let namespaces: string[] = []
  let search = ''
  let selected = 0
  const texts: Record<FieldName, string> = {
    ...{ rules: lineOfRules(given.rule), duration: given.for ?? '' },
    ...{ reason: given.reason ?? '', ticket: given.ticket ?? '' },
  }
  let current = 0
  let from = 0
  let problem = ''
  let isSubmitting = false
  /** The Idempotency-Key of each content that was sent: an answer may be lost after the request was stored. */
  const keys = new Map<string, string>()
  /** The latest answer of the server: what it found, or what it refused. */
  let verdict: { text: string; problems: readonly { pointer: string; sentence: string }[] } = { text: '', problems: [] }
  let isChecking = false
  let checking = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let drawn: Drawn = { lines: [], cursor: null, fitting: 0 }

  const covered = () => entitlement?.clusters.find(({ name }) => name === cluster)?.namespaces ?? []
  const steps = (): Step[] => [
    'entitlement',
    ...(entitlement && given.cluster === undefined && entitlement.clusters.length > 1 ? (['cluster'] as const) : []),
    ...(given.namespace.length === 0 && covered().length !== 1 ? (['namespaces'] as const) : []),
    'form',
  ]
  const fieldNames = (): FieldName[] => [
    ...(entitlement?.kind === 'ceiling' ? (['rules'] as const) : []),
    ...(['duration', 'reason', 'ticket'] as const),
  ]

  type Row = { cells: string[]; words: string; choose(): void; value: string }
  const rowsOfStep: Record<Step, () => Row[]> = {
    entitlement: () =>
      items.map((one) => {
        const cells = [one.title, clustersOf(one).join(', '), approvalOf(one)]
        return { cells, words: [one.name, ...cells].join(' '), choose: () => chooseEntitlement(one), value: one.name }
      }),
    cluster: () =>
      clustersOf(entitlement as Entitlement).map((name) => ({
        ...{ cells: [name], words: name, value: name },
        choose: () => chooseCluster(name),
      })),
    namespaces: () =>
      covered().map((name) => ({
        ...{ cells: [name], words: name, value: name },
        choose: () => {
          if (namespaces.length === 0) namespaces = [name]
          goTo('form')
        },
      })),
    form: () => [],
  }
  const rows = () => rowsOfStep[step]().filter(({ words }) => matches(words, search))

  function goTo(next: Step | undefined) {
    if (!next) return
    ;[step, search, selected, problem, current, from] = [next, '', 0, '', 0, 0]
    stopChecking()
    if (next === 'form') check()
  }
  const next = () => goTo(steps()[steps().indexOf(step) + 1])

  function chooseEntitlement(chosen: Entitlement) {
    if (entitlement !== chosen) chooseWhere(given.cluster ?? clustersOf(chosen)[0] ?? '', chosen)
    next()
  }
  function chooseCluster(name: string) {
    if (name !== cluster && entitlement) chooseWhere(name, entitlement)
    next()
  }
  /** NB: what was chosen for another entitlement or cluster must not stay. */
  function chooseWhere(name: string, chosen: Entitlement) {
    entitlement = chosen
    cluster = name
    verdict = { text: '', problems: [] }
    const [only, ...others] = covered()
    namespaces = given.namespace.length > 0 ? [...given.namespace] : only && others.length === 0 ? [only] : []
  }

  const rulesOfForm = () => readBy(() => (entitlement?.kind === 'ceiling' ? rulesOfLine(texts.rules) : null))
  const durationOfForm = () => readBy(() => (texts.duration.trim() ? durationArgument(texts.duration.trim()) : null))

  /** The request as the form has it; null while a field can't be read. */
  async function requestOfForm(): Promise<{ draft: Draft; body: Body } | null> {
    const [rules, duration] = [rulesOfForm(), durationOfForm()]
    if (!entitlement || 'problem' in rules || 'problem' in duration) return null
    const draft = { entitlement, cluster, namespaces, rules: rules.value }
    const body = await bodyOf(
      terminal,
      draft,
      {
        ...{ reason: texts.reason.trim(), ticket: texts.ticket.trim() },
        ...(duration.value ? { for: duration.value } : {}),
        ...(given.startsAt ? { startsAt: given.startsAt } : {}),
      },
      true,
    )
    return { draft, body }
  }

  const refused = (error: unknown) => {
    if (!(error instanceof CommandFailure)) return reject(error)
    problem = error.message
    if (!(error instanceof ServerRefusal)) return
    const { errors } = error.problem
    verdict = { ...verdict, problems: errors.map(({ pointer, message }) => ({ pointer, sentence: message })) }
  }

  function stopChecking() {
    clearTimeout(timer)
    checking.abort()
    isChecking = false
  }

  /** Asks the server for its verdict a moment after the last change. Only the answer to the latest question is shown. */
  function check() {
    stopChecking()
    checking = new AbortController()
    const { signal } = checking
    isChecking = true
    timer = setTimeout(() => {
      readVerdict(signal)
        .catch((error: unknown) => {
          if (!signal.aborted) refused(error)
        })
        .then(() => {
          if (signal.aborted) return
          isChecking = false
          draw()
        })
        .catch(reject)
    }, debounceMs)
  }

  async function readVerdict(signal: AbortSignal) {
    const request = await requestOfForm()
    if (!request) {
      verdict = { text: '', problems: [] }
      return
    }
    const { body } = request
    const found = await api.call({ path: '/requests/preview', body, response: preview, interrupt: signal })
    if (signal.aborted) return
    const problems = found.verdict.violations.filter((one) => !isLater(one, body))
    verdict = { text: previewText(found, body, plain), problems }
  }

  async function submitForm() {
    stopChecking()
    problem = ''
    isSubmitting = true
    draw()
    const request = await requestOfForm()
    if (!request) problem = 'Correct the marked fields first.'
    else resolve({ ...request, id: given.dryRun ? null : (await send(api, request.body, keyOf(request.body))).id })
  }

  function keyOf(body: Body): string {
    const content = JSON.stringify(body)
    const key = keys.get(content) ?? randomUUID()
    keys.set(content, key)
    return key
  }

  const problemsAt = (pointer: string) =>
    verdict.problems.filter((one) => `${one.pointer}/`.startsWith(`${pointer}/`)).map(({ sentence }) => sentence)

  function fields(of: Entitlement): Field[] {
    const [rules, duration] = [rulesOfForm(), durationOfForm()]
    const { required, example } = of.ticket
    const all: Record<FieldName, Omit<Field, 'text' | 'problems'> & { own: string[] }> = {
      rules: {
        ...{ label: 'Permissions', hint: 'VERBS RESOURCES [NAMES], such as get,list pods,pods/log' },
        own: 'problem' in rules && texts.rules ? [rules.problem] : [],
      },
      duration: {
        ...{ label: 'Duration', hint: durationText(of.defaultDuration) },
        own: 'problem' in duration ? [duration.problem] : [],
      },
      reason: { label: 'Reason', hint: of.reasonMinLength > 0 ? 'required' : 'optional', own: [] },
      ticket: {
        ...{ label: 'Ticket', own: [] },
        hint: `${required ? 'required' : 'optional'}${example ? `, such as ${example}` : ''}`,
      },
    }
    return fieldNames().map((name) => {
      const { own, ...field } = all[name]
      return { ...field, text: texts[name], problems: own.length > 0 ? own : problemsAt(`/${name}`) }
    })
  }

  function draw() {
    const size = screen.size()
    if (step === 'form' && entitlement) {
      const lines = verdict.text.trimEnd().split('\n')
      const view = {
        ...{ title: `Request access at ${api.session.server}`, current, from, problem, isChecking, isSubmitting },
        facts: [
          {
            label: 'Entitlement',
            text: `${entitlement.title} (${entitlement.name})`,
            problems: problemsAt('/entitlement'),
          },
          { label: 'Cluster', text: cluster, problems: problemsAt('/cluster') },
          { label: 'Namespaces', text: namespaces.join(', '), problems: problemsAt('/namespaces') },
        ],
        fields: fields(entitlement),
        verdict: lines.flatMap((one) => wrap(one, size.columns)),
        submits: given.dryRun ? 'dry run' : 'submit',
      }
      drawn = drawForm(view, size, paint)
      from = Math.max(0, Math.min(from, view.verdict.length - drawn.fitting))
    } else {
      const isSeveral = step === 'namespaces'
      const titles = { entitlement: 'Which access?', cluster: 'In which cluster?', namespaces: 'In which namespaces?' }
      const shown = rows().map(({ cells, value }) => ({ cells, isChosen: isSeveral && namespaces.includes(value) }))
      const title = step === 'form' ? '' : titles[step]
      const chosen = isSeveral ? namespaces : null
      drawn = drawPicker({ title, search, rows: shown, selected, chosen, problem }, size, paint)
    }
    screen.draw(drawn.lines, drawn.cursor)
  }

  const goBack = () => {
    if (search) [search, selected] = ['', 0]
    else goTo(steps()[steps().indexOf(step) - 1])
  }

  function pickerKey(key: Key) {
    const shown = rows()
    const row = shown[selected]
    const page = Math.max(1, drawn.lines.length - 4)
    const moves: Record<string, number> = { up: -1, down: 1, pageup: -page, pagedown: page }
    const move = moves[key.name]
    problem = ''
    if (move !== undefined) selected = Math.max(0, Math.min(selected + move, shown.length - 1))
    else if (key.name === 'return' || key.name === 'enter') {
      if (row) row.choose()
      else if (step === 'namespaces' && namespaces.length > 0) goTo('form')
      else if (step === 'namespaces' && !search) problem = 'No namespaces are known there. Name one with -n.'
    } else if (step === 'namespaces' && key.name === 'space' && !key.isPasted) {
      if (!row) return
      const isChosen = namespaces.includes(row.value)
      namespaces = isChosen ? namespaces.filter((name) => name !== row.value) : [...namespaces, row.value]
    } else {
      const before = search
      search = typed(search, key)
      if (search !== before) selected = 0
    }
  }

  function formKey(key: Key) {
    const names = fieldNames()
    const move = (to: number) => {
      current = (to + names.length) % names.length
    }
    const moves: Record<string, () => void> = {
      ...{ up: () => move(current - 1), down: () => move(current + 1), tab: () => move(current + 1) },
      ...{ return: () => move(current + 1), enter: () => move(current + 1) },
      pageup: () => {
        from = Math.max(0, from - Math.max(1, drawn.fitting - 1))
      },
      pagedown: () => {
        from += Math.max(1, drawn.fitting - 1)
      },
    }
    const moved = moves[key.name]
    if (moved) return moved()
    if (key.isCtrl && key.name === 's') {
      submitForm()
        .catch(refused)
        .then(() => {
          isSubmitting = false
          draw()
        })
        .catch(reject)
      return
    }
    const name = names[current]
    if (!name) return
    const before = texts[name]
    texts[name] = typed(before, key)
    if (texts[name] === before) return
    problem = ''
    check()
  }

  function press(key: Key) {
    if (key.isCtrl && key.name === 'c') return leave()
    if (isSubmitting) return
    if (key.name === 'escape') goBack()
    else if (step === 'form') formKey(key)
    else pickerKey(key)
    draw()
  }

  function leave() {
    const left = isSubmitting ? `The request may have been submitted. See: ${programName} ls` : 'Nothing was submitted.'
    reject(new CommandFailure(exitCodes.interrupted, left))
  }

  const screen = openFullScreen(terminal, { onKey: press, onResize: draw, onEnd: leave, onError: reject })
  try {
    draw()
    return await ended
  } finally {
    stopChecking()
    screen.close()
    leaving.abort()
  }
}
